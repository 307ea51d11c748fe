"""Which entries of the ledger somebody looks for: the same on pages, in files, by API."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Q
from django.db.models.functions import Cast

from portal.audit.events import Event
from portal.audit.models import AuditEvent, AuditEventQuerySet
from portal.changes.models import Item
from portal.drift.models import Drift

# Machines that write to one ledger may differ so much in what time it is.
CLOCKS_DIFFER = timedelta(days=1)
SUBJECTS = sorted({event.value.partition(".")[0] for event in Event})


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What an entry must fulfil; whatever is empty asks for nothing.

    `event` is a name, or the family before its dot. `subject` is a kind of subject, or
    `kind/id`. `resource` is `kind/id` of what a gateway holds. `search` are words that
    must each occur in what the entry tells.
    """

    gateway: str = ""
    person: str = ""
    event: str = ""
    subject: str = ""
    resource: str = ""
    change: int | None = None
    channel: str = ""
    program: str = ""
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""

    def told(self) -> dict[str, str]:
        """Return what was asked for, as text; what was not is left out."""
        return {name: str(value) for name, value in asdict(self).items() if value}

    def of(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """Keep the entries that fulfil all. Asks twice more where a time is given."""
        for name, column in (
            ("gateway", "gateway"),
            ("person", "actor"),
            ("channel", "channel"),
            ("program", "client"),
        ):
            if value := getattr(self, name):
                events = events.filter(**{column: value})
        if self.event:
            events = events.filter(event__in=_names(self.event))
        if self.subject:
            kind, _, subject_id = self.subject.partition("/")
            events = events.filter(subject_type=kind)
            if subject_id:
                events = events.filter(subject_id=subject_id)
        if self.change is not None:
            events = events.filter(subject_type="change", subject_id=str(self.change))
        if self.resource:
            events = events.filter(_about_resource(*self.resource.split("/", 1)))
        for word in self.search.split():
            events = events.filter(
                Q(subject__icontains=word)
                | Q(actor__icontains=word)
                | Q(client__icontains=word)
                | Q(request_id=word)
                | Q(details__icontains=word)
            )
        return self._in_time(events)

    def _in_time(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """Keep a span of time; as numbers too, which is how entries are read."""
        if self.since:
            events = events.filter(at__gte=self.since)
            if first := _first_after(self.since, -CLOCKS_DIFFER):
                events = events.filter(number__gte=first)
        if self.until:
            events = events.filter(at__lt=self.until)
            if last := _first_after(self.until, CLOCKS_DIFFER):
                events = events.filter(number__lt=last)
        return events


def _names(event: str) -> list[str]:
    family = [one.value for one in Event if one.value.startswith(f"{event}.")]
    return family or [event]


def _about_resource(kind: str, resource_id: str = "") -> Q:
    """What was asked for a resource, and what was done to it outside."""
    items = Item.objects.filter(kind=kind, resource_id=resource_id)
    drifts = Drift.objects.filter(kind=kind, resource_id=resource_id)
    changes = items.annotate(text=Cast("revision__change__number", CharField()))
    return Q(subject_type="change", subject_id__in=changes.values("text")) | Q(
        subject_type="drift",
        subject_id__in=drifts.annotate(text=Cast("pk", CharField())).values("text"),
    )


def _first_after(moment: datetime, slack: timedelta) -> int | None:
    """Return the number of the first entry of that time or later, by its index."""
    try:
        moment += slack
    except OverflowError:
        return None
    return (
        AuditEvent.objects.filter(at__gte=moment)
        .order_by("at", "number")
        .values_list("number", flat=True)
        .first()
    )
