"""The answers recorded from a real gateway, for those who have them.

They lie beside the project (`../shared/contract`) and are no part of it: a test that
needs them is skipped without them, save where the run must not do without (required.py).
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.required import required

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "contract"


def contract(name: str) -> list[dict[str, Any]]:
    """Return the lines of `name`.jsonl, or skip the test when it is not there."""
    path = FOLDER / f"{name}.jsonl"
    _require(path)
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def contract_document(name: str) -> Any:
    """Return what `name`.json holds, or skip the test when it is not there."""
    path = FOLDER / f"{name}.json"
    _require(path)
    return json.loads(path.read_text(encoding="utf-8"))


def _require(path: Path) -> None:
    if path.exists():
        return
    words = f"the recorded contract is not here: {path}"
    if "contract" in required():
        pytest.fail(words)
    pytest.skip(words)
