"""What people said of a change and what became of it, in the order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.actor import Channel
from portal.accounts.models import Person
from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    DeliveryState,
    Review,
    Revision,
    Verdict,
)
from portal.notifications.recipients import mentioned
from portal.web.events import LOOKS, program

# A longer conversation is read in parts.
AT_A_TIME = 50
# So many people are looked for among those whom it names.
NAMED = 200
# What only the ledger tells of a change's life; the rest has rows of its own.
TOLD_BY_LEDGER = [
    Event.CHANGE_WITHDRAWN,
    Event.CHANGE_DISCARDED,
    Event.CHANGE_CANCELLED,
    Event.FREEZE_OVERRIDDEN,
    Event.CHANGE_REVIEWED_AFTER,
    Event.EXPIRY_ENDED_EARLY,
    Event.DELIVERY_RETRIED,
    Event.DELIVERY_REFUSED,
    Event.DELIVERY_TAKEN_OVER,
    Event.DELIVERY_COMPENSATED,
    Event.CHANGE_PASSED_BY_RULE,
    Event.EXPIRY_SCHEDULED,
    Event.PROBE_PASSED,
    Event.PROBE_FAILED,
]


@dataclass(frozen=True)
class Said:
    """One entry of the conversation."""

    at: datetime
    who: str
    did: str
    icon: str
    tone: str = ""
    text: str = ""
    order: int = 0


VERDICT_LOOKS = {
    Verdict.APPROVE: ("check", "good"),
    Verdict.REJECT: ("cross", "bad"),
    Verdict.REQUEST_CHANGES: ("edit", "warn"),
    Verdict.BREAK_GLASS: ("warning", "bad"),
}


@dataclass(frozen=True)
class Talk:
    """So many entries of a conversation, oldest first; `until` counts those up to here."""

    entries: Sequence[Said]
    count: int
    until: int

    def quoted(self, number: str) -> str:
        """Return an entry's words as lines that quote them; "" for one that has none."""
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        at = int(number) - self.earlier - 1 if is_number else -1
        if not 0 <= at < len(self.entries) or not self.entries[at].text:
            return ""
        lines = self.entries[at].text.splitlines()
        return "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"

    def named(self, gateway: Gateway) -> dict[str, Person]:
        """Return who is mentioned and may see the gateway, by name. At most one query."""
        texts = "\n".join(said.text for said in self.entries)
        return {one.username: one for one in mentioned(texts, gateway, NAMED)}

    @property
    def earlier(self) -> int:
        return self.until - len(self.entries)

    @property
    def later(self) -> int:
        return self.count - self.until

    @property
    def until_later(self) -> int:
        return min(self.until + AT_A_TIME, self.count)


def part_of_talk(said: Sequence[Said], until: str) -> Talk:
    """Return the latest entries, or those up to that one."""
    is_number = until.isascii() and until.isdigit() and len(until) < 10
    last = min(int(until), len(said)) if is_number else len(said)
    last = max(last, min(AT_A_TIME, len(said)))
    return Talk(said[max(last - AT_A_TIME, 0) : last], len(said), last)


def talk_of(
    change: ChangeRequest, revisions: Sequence[Revision], delivery: Delivery | None
) -> list[Said]:
    """Return what people and Gatehouse did, oldest first. Three queries."""
    # What its author wrote before sending it was a draft: nobody else saw those.
    sent = change.submitted_at
    asked, *later = revisions
    said = [
        Said(
            sent or asked.created_at,
            asked.author.username,
            _asked(change),
            "send",
        )
    ]
    said += [
        Said(
            revision.created_at,
            revision.author.username,
            gettext("wrote revision %(revision)s") % {"revision": revision.number},
            "edit",
        )
        for revision in later
        if sent is None or revision.created_at > sent
    ]
    for review in Review.objects.filter(revision__change=change).select_related(
        "reviewer", "revision"
    ):
        look, tone = VERDICT_LOOKS[Verdict(review.verdict)]
        said.append(
            Said(
                review.created_at,
                review.reviewer.username,
                gettext("%(verdict)s revision %(number)s")
                % {
                    "verdict": review.get_verdict_display(),
                    "number": review.revision.number,
                },
                look,
                tone,
                review.comment,
                1,
            )
        )
    said += [
        Said(
            comment.created_at,
            comment.author.username,
            gettext("commented"),
            "comment",
            "",
            comment.text,
            1,
        )
        for comment in change.comments.select_related("author")
    ]
    said += [
        Said(
            event.at,
            event.actor,
            str(event.get_event_display()),
            *LOOKS.get(event.event, ("undo", "warn")),
            str(event.details.get("comment") or event.details.get("words", "")),
            1,
        )
        for event in AuditEvent.objects.filter(
            subject_type="change",
            subject_id=str(change.number),
            event__in=TOLD_BY_LEDGER,
        )
    ]
    if delivery and delivery.finished_at and delivery.state != DeliveryState.CANCELLED:
        is_good = delivery.state == DeliveryState.VERIFIED
        said.append(
            Said(
                delivery.finished_at,
                gettext("Gatehouse itself"),
                gettext("applied the change")
                if is_good
                else gettext("could not apply the change"),
                "check" if is_good else "warning",
                "good" if is_good else "bad",
                delivery.outcome,
                2,
            )
        )
    return sorted(said, key=lambda one: (one.at, one.order))


def _asked(change: ChangeRequest) -> str:
    """Say by what way a change came."""
    if change.channel == Channel.PORTAL:
        return gettext("asked for this in the portal")
    channel = change.get_channel_display()
    if name := program(change.channel, change.client):
        return gettext("asked for this by %(channel)s with %(program)s") % {
            "channel": channel,
            "program": name,
        }
    return gettext("asked for this by %(channel)s") % {"channel": channel}
