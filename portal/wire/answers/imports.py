"""What programs are told of a large file."""

from collections.abc import Iterable
from typing import Any

from portal.changes.models import ImportFile, ImportState
from portal.wire.answers.changes import filed, findings, words

PASSED_OVER_LIMIT = 20


def passed_over(sentences: Iterable[str]) -> list[str]:
    """Return what of a file says nothing; names in it are somebody's words."""
    return [words(one, 300) for one in list(sentences)[:PASSED_OVER_LIMIT]]


def path_of(file: ImportFile) -> str:
    """Return where a program asks how far a file is."""
    return f"/api/gateways/{file.gateway.slug}/imports/{file.pk}"


def kept(file: ImportFile) -> dict[str, Any]:
    """Return what there is to say of a file that a worker reads."""
    told: dict[str, Any] = {
        "change": None,
        "file": {
            "id": file.pk,
            "state": file.state,
            "progress": file.progress,
            "refusal": refusal_of(file),
        },
        "passed_over": passed_over(file.passed_over),
        "message": f"The file is being read: {file.progress} %. Ask again at {path_of(file)}.",
    }
    if file.change is not None:
        return told | filed(file.change)
    if file.state == ImportState.REFUSED:
        told["message"] = words(
            f"The file was refused: {file.refusal['detail']}", 3_000
        )
    return told


def refusal_of(file: ImportFile) -> dict[str, Any]:
    """Return why a file was refused, as many findings as fit."""
    found = (
        {"findings": findings(file.refusal["findings"])}
        if "findings" in file.refusal
        else {}
    )
    return file.refusal | found
