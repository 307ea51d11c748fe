"""One document of each kind that a gateway accepts, what it needs, and one edit of it."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gateway.kinds import KINDS
from gateway.skeletons import SKELETONS
from tests.certificates import self_signed

IDS = {
    "consumer": "jack",
    "credential": "jack/credentials/c1",
    "plugin_metadata": "http-logger",
    "secret": "vault/1",
}
# An update of each kind: what is merged, and what of it is read back then.
EDITS: dict[str, dict[str, Any]] = {
    "plugin_metadata": {"log_format": {"client": "$remote_addr"}},
    "global_rule": {"plugins": {"request-id": {"header_name": "X-Trace"}}},
    "secret": {"prefix": "kv/other"},
}
KIND_NAMES = sorted(KINDS)


@dataclass(frozen=True)
class Example:
    """A resource: where it stands, what it says, and an edit that changes it."""

    kind: str
    id: str
    document: dict[str, Any]
    edit: dict[str, Any]
    needs: tuple["Example", ...] = field(default=())


@cache
def example(kind: str) -> Example:
    """Return the example of a kind: its skeleton, with a certificate that is one."""
    document = SKELETONS[kind]
    if kind == "ssl":
        certified = self_signed("shop.example.com")
        document = document | {"cert": certified.pem, "key": certified.key_pem}
    return Example(
        kind,
        IDS.get(kind, f"one-{kind.replace('_', '-')}"),
        document,
        EDITS.get(kind, {"desc": "Edited — größer, 更大."}),
        needs=(example("consumer"),) if kind == "credential" else (),
    )
