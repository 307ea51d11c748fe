"""Whatever is done in whatever order ends with exactly the drifts that there are."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.carry import carried
from gateway.models import Gateway, Resource
from portal.changes.asked import ItemAsked
from portal.changes.models import Delivery
from portal.changes.states import State
from portal.drift.models import Drift
from portal.drift.resolve import adopt
from tests.actors import present
from tests.changes.conftest import conference
from tests.changes.delivering import creates, deletes, replaces, updates
from tests.drift.conftest import Watched

Document = dict[str, Any]

IDS = ("a", "b", "c")
DOCUMENTS = [
    conference(uri="/1"),
    conference(uri="/2", priority=1),
    conference(uri="/1", labels={"team": "events"}),
]

somewhere = st.sampled_from(IDS)
something = st.sampled_from(DOCUMENTS)
steps = st.one_of(
    st.tuples(st.just("outside"), somewhere, something),
    st.tuples(st.just("outside"), somewhere, st.none()),
    st.tuples(st.just("ours"), somewhere, something),
    st.tuples(st.just("ours"), somewhere, st.none()),
    st.tuples(st.just("touch"), somewhere, st.sampled_from(["x", "y"])),
    st.tuples(st.just("scan"), st.just(""), st.none()),
    st.tuples(st.just("adopt"), somewhere, st.none()),
)


class Model:
    """What is live, what was approved, and what of both a scan has seen."""

    def __init__(self) -> None:
        self.live: dict[str, Document] = {}
        self.baseline: dict[str, Document] = {}

    def write(self, resource_id: str, document: Document | None, *, ours: bool) -> None:
        if ours:
            known = carried(
                self.baseline.get(resource_id), self.live.get(resource_id), document
            )
            _set(self.baseline, resource_id, known)
        _set(self.live, resource_id, document)

    def drifts(self) -> dict[str, str]:
        return {
            resource_id: "created"
            if resource_id not in self.baseline
            else "deleted"
            if resource_id not in self.live
            else "altered"
            for resource_id in IDS
            if self.baseline.get(resource_id) != self.live.get(resource_id)
        }


def _set(held: dict[str, Document], resource_id: str, value: Document | None) -> None:
    if value is None:
        held.pop(resource_id, None)
    else:
        held[resource_id] = value


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=st.lists(steps, max_size=14))
def test_any_order_of_writes_and_scans(
    desk: Watched, sequence: list[tuple[str, str, Any]]
) -> None:
    model = start(desk)
    for name, resource_id, value in sequence:
        if name == "scan":
            assert desk.scan()
        elif name == "outside":
            outside(desk, model, resource_id, value)
        elif name == "adopt":
            accept(desk, model, resource_id)
        else:
            deliver(desk, model, name, resource_id, value)
    assert desk.scan()

    found = Drift.objects.open()
    assert {one.resource_id: one.what for one in found} == model.drifts()
    for one in found:
        assert meant(one.whole_baseline()) == model.baseline.get(one.resource_id)
        assert meant(one.whole_live()) == model.live.get(one.resource_id)
    assert {
        row.resource_id: meant(row.whole()) for row in Resource.objects.all()
    } == model.live
    assert desk.events().count("drift.found") == Drift.objects.count()


def start(desk: Watched) -> Model:
    """Empty the desk and its gateway; only the ledger remembers the example before."""
    Drift.objects.all().delete()
    Resource.objects.all().delete()
    Delivery.objects.all().update(wrote=False)
    Gateway.objects.update(mirrored_at=None)
    desk.sandbox.reset()
    assert desk.scan()
    desk.start_counting()
    return Model()


def outside(
    desk: Watched, model: Model, resource_id: str, document: Document | None
) -> None:
    if document is not None or resource_id in model.live:
        desk.outside("route", resource_id, document)
        model.write(resource_id, document, ours=False)


def accept(desk: Watched, model: Model, resource_id: str) -> None:
    drift = Drift.objects.open().filter(resource_id=resource_id).first()
    if drift is None:
        return
    # What it knows may be older than what is live.
    seen = drift.whole_live()
    adopt(
        drift,
        seen=drift.live_digest,
        reason="It is fine.",
        actor=present(desk.people.omar),
    )
    _set(model.baseline, resource_id, meant(seen))


def deliver(
    desk: Watched, model: Model, name: str, resource_id: str, value: Any
) -> None:
    live = model.live.get(resource_id)
    if name == "touch":
        if live is None or live.get("desc") == value:
            return
        item, then = updates("route", resource_id, desc=value), live | {"desc": value}
    elif value is None:
        if live is None:
            return
        item, then = deletes("route", resource_id), None
    else:
        if live == value:
            return
        item, then = _put(resource_id, value, is_new=live is None), value
    change = desk.applied(item)
    assert change.state == State.APPLIED, change
    model.write(resource_id, then, ours=True)


def _put(resource_id: str, document: Document, *, is_new: bool) -> ItemAsked:
    return (creates if is_new else replaces)("route", resource_id, **document)


def meant(document: Document | None) -> Document | None:
    """Leave out what the gateway adds."""
    added = {"id", "create_time", "update_time"}
    return document and {k: v for k, v in document.items() if k not in added}
