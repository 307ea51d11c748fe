"""Entries of the ledger, as pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from portal.accounts.actor import Channel
from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.audit.pages import page_of

LOOKS: dict[str, tuple[str, str]] = {
    Event.CHANGE_APPROVED: ("check", "good"),
    Event.CHANGE_PASSED_BY_RULE: ("check", "good"),
    Event.CHANGE_APPLIED: ("check", "good"),
    Event.DELIVERY_VERIFIED: ("check", "good"),
    Event.CHANGE_GLASS_BROKEN: ("warning", "bad"),
    Event.CHANGE_REVIEWED_AFTER: ("check", "good"),
    Event.CHANGE_REJECTED: ("cross", "bad"),
    Event.CHANGE_FAILED: ("warning", "bad"),
    Event.CHANGE_CONFLICTED: ("warning", "bad"),
    Event.DELIVERY_REFUSED: ("blocker", "bad"),
    Event.DRIFT_FOUND: ("warning", "warn"),
    Event.DRIFT_MOVED: ("warning", "warn"),
    Event.DRIFT_CLOSED: ("check", ""),
    Event.DRIFT_GONE: ("check", "good"),
    Event.DRIFT_ADOPTED: ("check", "good"),
    Event.DRIFT_IGNORED: ("info", ""),
    Event.DRIFT_REVERT_ASKED: ("undo", ""),
    Event.DRIFT_REVERTED: ("check", "good"),
    Event.PERSON_SIGN_IN_FAILED: ("warning", "warn"),
    Event.SECOND_FACTOR_RESET: ("warning", "warn"),
    Event.RECOVERY_CODE_USED: ("warning", "warn"),
    Event.PROGRAM_CUT_OFF: ("warning", "bad"),
    Event.CHANGE_CHANGES_REQUESTED: ("edit", "warn"),
    Event.CHANGE_WITHDRAWN: ("undo", "warn"),
    Event.CHANGE_DISCARDED: ("undo", "warn"),
    Event.CHANGE_CANCELLED: ("undo", "warn"),
    Event.CHANGE_SUBMITTED: ("send", ""),
    Event.CHANGE_REVISED: ("edit", ""),
    Event.CHANGE_COMMENTED: ("comment", ""),
    Event.EXPIRY_SCHEDULED: ("clock", "busy"),
    Event.FREEZE_OVERRIDDEN: ("warning", "warn"),
    Event.POLICY_ACCEPTED: ("check", "good"),
    Event.POLICY_REFUSED: ("cross", "bad"),
    Event.POLICY_TAKEN_ALONE: ("warning", "warn"),
    Event.WEBHOOK_PAUSED: ("warning", "warn"),
    Event.AUDIT_BROKEN: ("blocker", "bad"),
    Event.AUDIT_MENDED: ("check", "good"),
    Event.DELIVERY_QUEUED: ("clock", "busy"),
    Event.DELIVERY_STARTED: ("gateway", "busy"),
}
# Kept for machines; the entry's own page shows them.
TECHNICAL = {"digest", "attempt", "rules_digest"}
BY_SUBJECT = {
    "token": "token",
    "person": "token",
    "program": "token",
    "gateway": "gateway",
    "freeze": "clock",
    "change": "changes",
    "drift": "warning",
    "webhook": "send",
    "policy_change": "admin",
    "audit": "audit",
}


@dataclass(frozen=True)
class ShownEvent:
    """One entry with its look and the page of what it is about ("" for none)."""

    event: AuditEvent
    words: str
    icon: str
    tone: str
    url: str
    client: str

    @property
    def details(self) -> dict[str, Any]:
        """Return what is worth a line of its own, empty values left out."""
        return {
            name.replace("_", " "): value
            for name, value in self.event.details.items()
            if value not in ("", None, [], {}) and name not in TECHNICAL
        }


def shown(events: Iterable[AuditEvent]) -> list[ShownEvent]:
    """Return the entries as pages show them; asks nothing more of the database."""
    return [_shown(event) for event in events]


def _shown(event: AuditEvent) -> ShownEvent:
    icon, tone = LOOKS.get(
        event.event, (BY_SUBJECT.get(event.subject_type, "audit"), "")
    )
    return ShownEvent(
        event=event,
        words=str(event.get_event_display()),
        icon=icon,
        tone=tone,
        url=page_of(event),
        client=program(event.channel, event.client),
    )


BROWSERS = (
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


SYSTEMS = (
    # Before what it also names itself as.
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """Return what a browser calls itself, in a few words: Firefox on Linux."""
    browser = next(
        (name for mark, name in BROWSERS if mark in agent), gettext("A browser")
    )
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    if not system:
        return browser
    return gettext("%(browser)s on %(system)s") % {
        "browser": browser,
        "system": system,
    }


def program(channel: str, client: str) -> str:
    """Return by which program somebody acted, short; a browser by its name."""
    unknown = "" if channel == Channel.PORTAL else client
    return next((name for mark, name in BROWSERS if mark in client), unknown)
