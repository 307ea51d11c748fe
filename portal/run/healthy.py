"""Whether this container does its work: exit status 0 or 1, for health checks.

    python -m portal.run.healthy web|worker|scheduler

Standard library only where it can be: it runs every few seconds.
"""

import http.client
import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

PORT = 8000  # as the Dockerfile binds it
# The scheduler writes its state every three minutes.
SCHEDULE_SECONDS = 600


def web() -> bool:
    """The web server answers, over loopback, under the name people use."""
    host = urlsplit(os.environ.get("PUBLIC_URL", "http://localhost")).netloc
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=4)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker() -> bool:
    """This container's Celery worker answers through the broker."""
    from portal.celery import app

    name = f"celery@{socket.gethostname()}"
    return bool(app.control.ping(destination=[name], timeout=5))


def scheduler() -> bool:
    """The scheduler has saved its state lately."""
    folder = Path(os.environ.get("GATEHOUSE_VAR", "var"))
    saved = [file.stat().st_mtime for file in folder.glob("beat-schedule*")]
    return bool(saved) and time.time() - max(saved) < SCHEDULE_SECONDS


CHECKS = {"web": web, "worker": worker, "scheduler": scheduler}

if __name__ == "__main__":
    sys.exit(0 if CHECKS[sys.argv[1]]() else 1)
