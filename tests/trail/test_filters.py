"""Filters find exactly what a reader with patience would."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from gateway.models import Gateway
from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from portal.trail.filters import Filters
from tests.factories import Cast, item, make_cast, make_change, make_drift, make_gateway
from tests.trail.ledgers import NOON, chained

PEOPLE = ("alice", "riley", "Gatehouse itself")
GATEWAYS = ("", "default", "edge")
CHANNELS = ("portal", "api", "system")
PROGRAMS = ("", "ChatGPT", "Firefox")
EVENTS = (
    Event.CHANGE_APPROVED,
    Event.CHANGE_APPLIED,
    Event.DRIFT_FOUND,
    Event.DRIFT_RULE_ADDED,
)
SUBJECTS = (("change", "1"), ("change", "12"), ("gateway", "edge"), ("token", "1"))
LABELS = ("Publish talks", "publish Rooms", "100% sure_thing")

entries = st.lists(
    st.fixed_dictionaries(
        {
            "actor": st.sampled_from(PEOPLE),
            "gateway": st.sampled_from(GATEWAYS),
            "channel": st.sampled_from(CHANNELS),
            "client": st.sampled_from(PROGRAMS),
            "event": st.sampled_from(EVENTS).map(str),
            "about": st.sampled_from(SUBJECTS),
            "subject": st.sampled_from(LABELS),
            "details": st.sampled_from(({}, {"comment": "Looks right"})),
            # The clocks of two machines, an hour apart.
            "hour": st.integers(0, 200),
            "late": st.booleans(),
        }
    ),
    max_size=12,
)
moments = st.integers(-10, 210).map(lambda hours: NOON + timedelta(hours=hours))
asked = st.fixed_dictionaries(
    {},
    optional={
        "person": st.sampled_from(PEOPLE),
        "gateway": st.sampled_from(GATEWAYS[1:]),
        "channel": st.sampled_from(CHANNELS),
        "program": st.sampled_from(PROGRAMS[1:]),
        "event": st.sampled_from((*map(str, EVENTS), "change", "drift", "drift_rule")),
        "subject": st.sampled_from(("change", "token/1", "gateway/edge", "change/1")),
        "change": st.sampled_from((1, 12, 3)),
        "since": moments,
        "until": moments,
        "search": st.sampled_from(
            ("publish", "PUBLISH talks", "%", "_", "right", "firefox sure", "nothing")
        ),
    },
)


def fits(event: AuditEvent, filters: Filters) -> bool:
    """Judge one entry, field by field."""
    family, _, _ = event.event.partition(".")
    about = (event.subject_type, f"{event.subject_type}/{event.subject_id}")
    said = " ".join(
        map(str, (event.subject, event.actor, event.client, event.details))
    ).lower()
    return (
        filters.person in ("", event.actor)
        and filters.gateway in ("", event.gateway)
        and filters.channel in ("", event.channel)
        and filters.program in ("", event.client)
        and filters.event in ("", event.event, family)
        and filters.subject in ("", *about)
        and (filters.change is None or about[1] == f"change/{filters.change}")
        and (filters.since is None or event.at >= filters.since)
        and (filters.until is None or event.at < filters.until)
        and all(word in said for word in filters.search.lower().split())
    )


def ledger(drawn: list[dict[str, Any]]) -> list[AuditEvent]:
    made = []
    for fields in sorted(drawn, key=lambda one: one["hour"]):
        values = dict(fields)
        kind, subject_id = values.pop("about")
        late = timedelta(hours=1) if values.pop("late") else timedelta()
        at = NOON + timedelta(hours=values.pop("hour")) - late
        made.append(values | {"subject_type": kind, "subject_id": subject_id, "at": at})
    return chained(made)


class TestAgainstAPatientReader(TestCase):
    @settings(max_examples=60)
    @given(entries, asked)
    def test_they_find_the_same(
        self, drawn: list[dict[str, Any]], wanted: dict[str, Any]
    ) -> None:
        events, filters = ledger(drawn), Filters(**wanted)

        found = filters.of(AuditEvent.objects.all())

        assert {event.number for event in found} == {
            event.number for event in events if fits(event, filters)
        }


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway()


def test_a_resource_leads_to_its_changes_and_its_drift(
    people: Cast, gateway: Gateway
) -> None:
    asks = make_change(
        gateway=gateway, author=people.alice, items=[item(resource_id="talks")]
    )
    other = make_change(
        gateway=gateway, author=people.alice, items=[item(resource_id="rooms")]
    )
    drift = make_drift(gateway, resource_id="talks")
    events = chained(
        {"subject_type": kind, "subject_id": str(pk)}
        for kind, pk in (
            ("change", asks.number),
            ("change", other.number),
            ("drift", drift.pk),
            ("drift", drift.pk + 1),
            ("token", asks.number),
        )
    )

    found = Filters(resource="route/talks").of(AuditEvent.objects.all())

    assert {event.number for event in found} == {events[0].number, events[2].number}
    assert ChangeRequest.objects.count() == 2


@pytest.mark.postgresql
@pytest.mark.usefixtures("on_postgresql")
class TestOnPostgreSQL:
    @pytest.mark.django_db
    def test_it_finds_by_everything_at_once(self) -> None:
        [event] = chained([{"details": {"comment": "Looks right"}}])
        filters = Filters(
            person="riley",
            gateway="default",
            event="change",
            subject="change/1",
            change=1,
            since=NOON,
            until=NOON + timedelta(seconds=1),
            search="LOOKS publish",
        )

        assert list(filters.of(AuditEvent.objects.all())) == [event]
        resource = Filters(resource="route/talks")
        assert list(resource.of(AuditEvent.objects.all())) == []
