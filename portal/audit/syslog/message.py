"""An entry of the ledger as a syslog message. Pure.

https://www.rfc-editor.org/rfc/rfc5424. The text of a message is the entry as a line of
an export, so that whoever collects them proves the chain; all of it is ASCII.
"""

import re
from collections.abc import Mapping
from typing import Any

from portal.audit.content import line_of
from portal.audit.events import Event

LOG_AUDIT = 13  # the facility
ALERT, INFORMATIONAL = 1, 6  # severities
# The number that RFC 5612 reserves for examples: Gatehouse has none of its own.
NAME = "gatehouse@32473"
VALUE_LIMIT = 120
UNNAMED = "-"


def message(
    content: Mapping[str, Any], hash: str, *, host: str, url: str, limit: int
) -> bytes:
    """Return the message of an entry; `url` is where all of it can be read.

    At most `limit` bytes, of which 2,048 always suffice: what is too long goes without
    its details, or with no more than its number, and says so.
    """
    head = f"{_head(content, host)} {_structured(content, hash, url)} ".encode()
    cut = {"cut": f"too long to be sent, read it at {url}"}
    whole = line_of(content, hash).rstrip()
    for text in (whole, line_of({**content, "details": cut}, hash).rstrip()):
        if len(head) + len(text) <= limit:
            return head + text
    short = dict.fromkeys(content) | {
        "number": content["number"],
        "at": content["at"],
        "event": content["event"],
        "previous_hash": content["previous_hash"],
        "details": cut,
    }
    return head + line_of(short, hash).rstrip()


def _head(content: Mapping[str, Any], host: str) -> str:
    severity = ALERT if content["event"] == Event.AUDIT_BROKEN else INFORMATIONAL
    return " ".join(
        (
            f"<{LOG_AUDIT * 8 + severity}>1",
            content["at"],
            _name(host, 255),
            "gatehouse",
            UNNAMED,
            _name(content["event"], 32),
        )
    )


def _name(text: str, limit: int) -> str:
    """Return what stands for a name in a header: printable ASCII without spaces."""
    return re.sub(r"[^\x21-\x7e]", "?", text)[:limit] or UNNAMED


def _structured(content: Mapping[str, Any], hash: str, url: str) -> str:
    values = {
        "number": content["number"],
        "hash": hash,
        "actor": content["actor"],
        "subject": f"{content['subject_type']}/{content['subject_id']}",
        "gateway": content["gateway"],
        "url": url,
    }
    told = "".join(
        f' {name}="{_value(str(value))}"' for name, value in values.items() if value
    )
    return f"[{NAME}{told}]"


def _value(text: str) -> str:
    """Return a value in which nothing ends it, the message or a line."""
    if len(text) > VALUE_LIMIT:
        text = f"{text[: VALUE_LIMIT - 3]}..."
    plain = re.sub(r"[^\x20-\x7e]", "?", text)
    return re.sub(r'(["\\\]])', r"\\\1", plain)
