"""What the environment says: `env`, asked by the settings and by commands.

`.env` beside `manage.py` is read when it exists (`GATEHOUSE_ENV_FILE` names another
file, or none when empty); the process environment wins over it. Any variable may come
from a file: `NAME_FILE=/run/secrets/name`.
"""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()
_file = os.environ.get("GATEHOUSE_ENV_FILE", str(BASE_DIR / ".env"))
if _file and Path(_file).is_file():
    env.read_env(_file)
