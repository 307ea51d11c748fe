"""An applied change undone by a change of its own."""

from typing import Any

import pytest
from django.db import connections

from portal.accounts.errors import NotAllowed
from portal.audit.ledger import problems
from portal.changes.errors import (
    Blocked,
    CannotRollBack,
    GatewayDown,
    Malformed,
    WrongState,
)
from portal.changes.models import ChangeRequest
from portal.changes.permissions import permissions
from portal.changes.review import reject
from portal.changes.rollback import preview_rollback, rollback
from portal.changes.states import State
from tests.actors import present, program
from tests.certificates import self_signed
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    creates,
    deletes,
    events_of,
    fronted,
    replaces,
    route,
    sent,
    updates,
    upstream,
)

PASSWORD = "the-secret-of-the-cache"
WHY = "The speakers' page fails since."


def undo(desk: Desk, change: ChangeRequest, **fields: Any) -> ChangeRequest:
    """Ask for a rollback, as alice."""
    actor = fields.pop("actor", present(desk.people.alice))
    return rollback(change, reason=WHY, actor=actor, **fields).change


def undone(desk: Desk, change: ChangeRequest) -> ChangeRequest:
    """Ask for a rollback, approve and deliver it."""
    asked = undo(desk, change)
    desk.approve(asked)
    desk.deliver(asked)
    assert asked.state == State.APPLIED
    return asked


def refused(desk: Desk, change: ChangeRequest) -> str:
    """Say why the change cannot be rolled back."""
    before = ChangeRequest.objects.count()
    with pytest.raises(CannotRollBack) as refusal:
        undo(desk, change)
    with pytest.raises(CannotRollBack):
        preview_rollback(change, actor=present(desk.people.alice))
    assert ChangeRequest.objects.count() == before
    (reason,) = refusal.value.extra["reasons"]
    assert reason in str(refusal.value)
    return str(reason)


def test_what_was_created_is_deleted_in_a_safe_order(desk: Desk) -> None:
    change = desk.applied(
        creates("upstream", "speakers", **upstream()),
        route("one", upstream=None, upstream_id="speakers"),
    )
    desk.sandbox.forget_requests()

    undone(desk, change)

    assert sent(desk) == ["DELETE routes/one", "DELETE upstreams/speakers"]


def test_what_was_updated_is_as_before_its_secrets_too(desk: Desk) -> None:
    limited = {
        "count": 2,
        "time_window": 60,
        "policy": "redis",
        "redis_host": "10.0.0.5",
        "redis_password": PASSWORD,
    }
    desk.sandbox.put(
        "route",
        "conference",
        conference(desc="Before", plugins={"limit-count": limited}),
    )
    change = desk.applied(
        replaces("route", "conference", **conference(methods=["GET"]))
    )
    assert "plugins" not in desk.live()

    undone(desk, change)

    live = desk.live()
    assert live["desc"] == "Before"
    assert live["plugins"]["limit-count"]["redis_password"] == PASSWORD
    assert "methods" not in live


def test_what_was_deleted_is_created_again_after_what_it_needs(desk: Desk) -> None:
    desk.sandbox.put("upstream", "speakers", upstream())
    desk.sandbox.put(
        "route", "one", {"name": "One", "uri": "/one", "upstream_id": "speakers"}
    )
    change = desk.applied(deletes("upstream", "speakers"), deletes("route", "one"))
    desk.sandbox.forget_requests()

    undone(desk, change)

    assert sent(desk) == ["PUT upstreams/speakers", "PUT routes/one"]
    assert desk.live("one")["name"] == "One"


def test_it_is_a_change_like_any_other_that_names_what_it_reverts(desk: Desk) -> None:
    change = desk.applied(route("one"))

    asked = undo(desk, change, actor=program(desk.people.alice))

    assert asked.state == State.IN_REVIEW
    assert (asked.reverts, asked.channel) == (change, "rollback")
    assert asked.title == f"Roll back #{change.number}"
    assert asked.reason == WHY
    assert asked.token
    assert events_of(asked) == ["change.submitted"]
    assert desk.live("one")
    assert list(change.reverted_by.all()) == [asked]


def test_a_rollback_is_rolled_back(desk: Desk) -> None:
    change = desk.applied(route("one", desc="Again"))
    back = undone(desk, change)

    undone(desk, back)

    assert desk.live("one")["desc"] == "Again"


# --- Asked twice


def test_an_equal_request_gets_the_same_change(desk: Desk) -> None:
    change = desk.applied(route("one"))

    first = rollback(change, reason=WHY, actor=present(desk.people.alice))
    second = rollback(change, reason=WHY, actor=present(desk.people.alice))

    assert second.change == first.change
    assert (first.is_replay, second.is_replay) == (False, True)


def test_a_key_replays_it_even_when_the_first_is_over(desk: Desk) -> None:
    change = desk.applied(route("one"))
    actor = program(desk.people.alice)
    first = undo(desk, change, actor=actor, idempotency_key="k")
    reject(first.latest_revision(), actor=present(desk.people.riley), comment="No.")

    assert undo(desk, change, actor=actor, idempotency_key="k") == first


def test_while_one_is_open_nobody_asks_for_another(desk: Desk) -> None:
    change = desk.applied(route("one"))
    first = undo(desk, change)

    with pytest.raises(WrongState, match=f"#{first.number} asks to undo it already"):
        undo(desk, change, actor=present(desk.people.riley))

    reject(first.latest_revision(), actor=present(desk.people.riley), comment="No.")
    assert undo(desk, change, actor=present(desk.people.riley)) != first


def test_what_is_undone_already_is_not_undone_again(desk: Desk) -> None:
    change = desk.applied(route("one"))
    undone(desk, change)

    with pytest.raises(WrongState, match="Nothing is left to undo"):
        undo(desk, change)


def test_it_is_offered_only_while_the_change_is_live_and_nobody_asks(
    desk: Desk,
) -> None:
    def is_offered(change: ChangeRequest) -> bool:
        return permissions(change, actor=present(desk.people.alice)).roll_back

    change = desk.applied(route("one"))
    assert is_offered(change)

    asked = undo(desk, change)
    assert not is_offered(change)

    desk.approve(asked)
    desk.deliver(asked)
    assert not is_offered(change)
    assert is_offered(asked)

    undone(desk, asked)
    assert is_offered(change)
    assert not is_offered(asked)


def test_what_is_as_before_already_is_left_out(desk: Desk) -> None:
    change = desk.applied(route("one"), route("two"))
    desk.sandbox.delete("route", "one")

    asked = undo(desk, change)

    (item,) = asked.latest_revision().items.all()
    assert (item.action, item.resource_id) == ("delete", "two")


# --- Where it cannot work


def test_later_changes_of_the_same_are_named(desk: Desk) -> None:
    change = desk.applied(route("one"))
    later = desk.applied(updates("route", "one", desc="Later"))
    latest = desk.applied(updates("route", "one", methods=["GET"]))

    reason = refused(desk, change)

    assert f"by #{latest.number}, #{later.number}." in reason

    undone(desk, latest)
    undone(desk, later)
    undone(desk, change)
    assert desk.live("one") is None


def test_what_somebody_wrote_past_this_desk_is_not_undone(desk: Desk) -> None:
    change = desk.applied(route("one"), route("two"))
    desk.sandbox.put("route", "two", conference(uri="/two", desc="By hand"))

    reason = refused(desk, change)

    assert reason.startswith("Route two was changed outside of Gatehouse since.")


def test_what_others_need_by_now_is_stopped_by_the_checks(desk: Desk) -> None:
    change = desk.applied(creates("upstream", "speakers", **upstream()))
    desk.applied(route("one", upstream=None, upstream_id="speakers"))

    assert preview_rollback(change, actor=present(desk.people.alice)).blockers
    with pytest.raises(Blocked):
        undo(desk, change)

    assert not change.reverted_by.exists()


def test_a_key_that_an_earlier_change_brought_is_restored(desk: Desk) -> None:
    first, second = self_signed("a.com"), self_signed("a.com")
    desk.applied(creates("ssl", "s", cert=first.pem, key=first.key_pem, snis=["a.com"]))
    change = desk.applied(
        updates("ssl", "s", cert=second.pem, key=second.key_pem, snis=["a.com"])
    )

    asked = undone(desk, change)

    item = asked.latest_revision().items.get()
    assert (item.whole_wanted() or {})["key"] == first.key_pem
    assert first.key_pem not in repr(item.wanted)
    assert desk.live("s", "ssl")["cert"] == first.pem


def test_a_deleted_certificate_comes_back_with_the_key_we_know(desk: Desk) -> None:
    made = self_signed("a.com")
    desk.applied(creates("ssl", "s", cert=made.pem, key=made.key_pem, snis=["a.com"]))
    change = desk.applied(deletes("ssl", "s"))

    asked = undone(desk, change)

    assert (asked.latest_revision().items.get().whole_wanted() or {})["key"]
    assert desk.live("s", "ssl")["cert"] == made.pem


def test_a_key_that_nobody_told_us_cannot_be_restored(desk: Desk) -> None:
    theirs, ours = self_signed("a.com"), self_signed("a.com")
    desk.sandbox.put(
        "ssl", "s", {"cert": theirs.pem, "key": theirs.key_pem, "snis": ["a.com"]}
    )
    change = desk.applied(
        updates("ssl", "s", cert=ours.pem, key=ours.key_pem, snis=["a.com"])
    )

    assert "private key that is not known here" in refused(desk, change)


# --- Who, and when


@pytest.mark.parametrize("state", [s for s in State if s != State.APPLIED])
def test_only_what_is_applied_is_rolled_back(desk: Desk, state: State) -> None:
    change = desk.create()
    ChangeRequest.objects.filter(pk=change.pk).update(state=state)
    change.refresh_from_db()

    with pytest.raises(WrongState):
        undo(desk, change)
    with pytest.raises(WrongState):
        preview_rollback(change, actor=present(desk.people.alice))


def test_who_may_not_ask_may_not_ask_for_this_either(desk: Desk) -> None:
    change = desk.applied(route("one"))

    with pytest.raises(NotAllowed):
        undo(desk, change, actor=present(desk.people.audrey))

    assert not change.reverted_by.exists()


def test_without_a_reason_nothing_is_filed(desk: Desk) -> None:
    change = desk.applied(route("one"))

    with pytest.raises(Malformed) as refusal:
        rollback(change, reason=" ", actor=present(desk.people.alice))

    assert refusal.value.field == "reason"
    assert not change.reverted_by.exists()


def test_a_gateway_that_is_down_leaves_everything_as_it_was(desk: Desk) -> None:
    change = desk.applied(route("one"))
    desk.sandbox.stop()

    with pytest.raises(GatewayDown):
        undo(desk, change)

    assert not change.reverted_by.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestTwoAskAtOnce:
    def test_one_change_is_filed(self, desk: Desk) -> None:
        change = desk.applied(route("one"))
        desk.sandbox.forget_requests()
        looks: list[str] = []
        filed: list[ChangeRequest] = []

        def riley_asks(method: str, path: str, body: bytes) -> None:
            """While alice's plan is made: she was told that nobody asks."""
            looks.append(path)
            if looks.count("/apisix/admin/routes/one") == 2 and not filed:
                filed.append(change)
                try:
                    filed[:] = [undo(desk, change, actor=present(desk.people.riley))]
                finally:
                    connections.close_all()

        with (
            fronted(desk, riley_asks),
            pytest.raises(WrongState, match="asks to undo it already"),
        ):
            undo(desk, change)

        assert list(change.reverted_by.all()) == filed
        assert list(problems()) == []
