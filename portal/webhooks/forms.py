"""How a message is put for each kind of receiver. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.visible import visible
from portal.webhooks.signing import signature

TEXT_LIMIT = 2_000


@dataclass(frozen=True)
class Posted:
    """A request to send: its headers and its body."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Mailed:
    """A letter to send: its subject, one line, and its text."""

    subject: str
    text: str


def standard(
    kind: str, content: Mapping[str, Any], *, key: str, secret: bytes, timestamp: int
) -> Posted:
    """Return signed JSON: {type, timestamp, data}; `timestamp` is in Unix seconds."""
    body = orjson.dumps(
        {"type": kind, "timestamp": content.get("at", ""), "data": dict(content)},
        option=orjson.OPT_SORT_KEYS,
    )
    return Posted(
        {
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(secret, key, timestamp, body),
        },
        body,
    )


def slack(content: Mapping[str, Any]) -> Posted:
    """Return what Slack's incoming webhooks take, and Mattermost, Rocket.Chat, Discord's.

    Nothing that others wrote can become a link or call people by name:
    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    text = _escaped(_sentence(content))
    if url := content.get("url"):
        text += f" <{url}|Open>"
    return Posted(
        {"Content-Type": "application/json"},
        orjson.dumps({"text": text, "parse": "none", "link_names": False}),
    )


def mail(content: Mapping[str, Any]) -> Mailed:
    """Return a letter of plain words."""
    sentence = _sentence(content)
    url = content.get("url") or ""
    return Mailed(
        subject=f"[Gatehouse] {' '.join(sentence.split())}"[:200],
        text=f"{sentence}\n\n{url}\n" if url else f"{sentence}\n",
    )


def _sentence(content: Mapping[str, Any]) -> str:
    """Return who did what to what, and where; what is invisible is shown."""
    label = (content.get("subject") or {}).get("label") or ""
    gateway = content.get("gateway")
    parts = [
        content.get("words") or "",
        label,
        f"(gateway {gateway})" if gateway else "",
    ]
    return visible(" ".join(part for part in parts if part))[:TEXT_LIMIT]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
