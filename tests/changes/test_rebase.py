"""A change joined with what others did to its gateway meanwhile."""

from typing import Any

import pytest

from portal.accounts.errors import NotAllowed
from portal.audit.models import AuditEvent
from portal.changes.conflict import conflict_of
from portal.changes.errors import (
    Blocked,
    Collides,
    GatewayDown,
    Malformed,
    NotYours,
    WrongState,
)
from portal.changes.models import ChangeRequest, Revision
from portal.changes.quorum import standing
from portal.changes.rebase import rebase
from portal.changes.states import State
from tests.actors import present, program
from tests.certificates import self_signed
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import (
    approved,
    creates,
    deletes,
    events_of,
    replaces,
    route,
    updates,
    upstream,
)
from tests.factories import make_token

PASSWORD = "the-secret-of-the-cache"
LIMITED = {"policy": "redis", "redis_host": "10.0.0.5", "redis_password": PASSWORD}


def limit(count: int, **fields: Any) -> dict[str, Any]:
    return {"count": count, "time_window": 60, **fields}


def conflicted(desk: Desk, *items: Any, outside: Any) -> ChangeRequest:
    """A change that was approved and then overtaken by what `outside` does."""
    change = approved(desk, *items)
    outside()
    desk.deliver(change)
    assert change.state == State.CONFLICTED
    return change


def put(desk: Desk, resource_id: str = "conference", **fields: Any) -> Any:
    """Somebody writes a route past this desk."""
    return lambda: desk.sandbox.put("route", resource_id, conference(**fields))


def again(desk: Desk, change: ChangeRequest) -> ChangeRequest:
    """Approve and deliver the new revision."""
    change.refresh_from_db()
    assert change.state == State.IN_REVIEW
    desk.approve(change)
    return desk.deliver(change)


def names(change: ChangeRequest) -> list[str]:
    return [clash.name for clash in conflict_of(change).clashes]


def test_changes_of_different_fields_go_together_after_a_new_review(
    desk: Desk,
) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = conflicted(
        desk,
        updates("route", "conference", desc="Ours"),
        outside=put(desk, methods=["GET"]),
    )
    before = change.latest_revision()

    revision = rebase(change, actor=present(desk.people.alice))

    assert revision.number == before.number + 1
    assert standing(change).given == 0
    assert again(desk, change).state == State.APPLIED
    live = desk.live()
    assert (live["desc"], live["methods"]) == ("Ours", ["GET"])
    assert "change.rebased" in events_of(change)


def test_a_program_of_the_author_may_rebase(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = conflicted(
        desk,
        updates("route", "conference", desc="Ours"),
        outside=put(desk, methods=["GET"]),
    )

    rebase(change, actor=program(desk.people.alice))

    change.refresh_from_db()
    assert change.state == State.IN_REVIEW


@pytest.mark.parametrize(("side", "count"), [("mine", 5), ("theirs", 9)])
def test_where_both_changed_a_field_the_author_chooses(
    desk: Desk, side: str, count: int
) -> None:
    desk.sandbox.put(
        "route", "conference", conference(plugins={"limit-count": limit(2)})
    )
    change = conflicted(
        desk,
        updates(
            "route", "conference", desc="Ours", plugins={"limit-count": {"count": 5}}
        ),
        outside=put(desk, plugins={"limit-count": limit(9)}, methods=["GET"]),
    )
    (name,) = names(change)
    assert name == "items.0.plugins.limit-count.count"

    with pytest.raises(Collides) as refusal:
        rebase(change, actor=present(desk.people.alice))
    assert refusal.value.field == "choices"
    assert [one["choice"] for one in refusal.value.extra["collisions"]] == [name]
    assert change.revisions.count() == 1

    rebase(change, actor=present(desk.people.alice), choices={name: side})

    again(desk, change)
    live = desk.live()
    assert live["plugins"]["limit-count"]["count"] == count
    assert (live["desc"], live["methods"]) == ("Ours", ["GET"])


def test_each_of_several_items_is_chosen_for_itself(desk: Desk) -> None:
    for number in (1, 2):
        desk.sandbox.put("route", f"r{number}", conference(uri=f"/r{number}"))

    def outside() -> None:
        for number in (1, 2):
            desk.sandbox.put(
                "route", f"r{number}", conference(uri=f"/r{number}", desc="Theirs")
            )

    change = conflicted(
        desk,
        updates("route", "r1", desc="Ours"),
        updates("route", "r2", desc="Ours"),
        outside=outside,
    )

    rebase(
        change,
        actor=present(desk.people.alice),
        choices={"items.0.desc": "mine", "items.1.desc": "theirs"},
    )

    # What is live already is no longer part of the change.
    assert [item.resource_id for item in change.latest_revision().items.all()] == ["r1"]
    assert again(desk, change).state == State.APPLIED
    assert desk.live("r1")["desc"] == "Ours"
    assert desk.live("r2")["desc"] == "Theirs"


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({"items.0.desc": "both"}, "choices.items.0.desc"),
        ({"items.0.desc": "mine", "items.0.uri": "mine"}, "choices.items.0.uri"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    desk: Desk, choices: dict[str, str], field: str
) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = conflicted(
        desk,
        updates("route", "conference", desc="Ours"),
        outside=put(desk, desc="Theirs"),
    )

    with pytest.raises(Malformed) as refusal:
        rebase(change, actor=present(desk.people.alice), choices=choices)

    assert refusal.value.field == field
    assert change.revisions.count() == 1


# --- What came or went


def test_a_create_whose_id_exists_now_replaces_only_when_chosen(desk: Desk) -> None:
    change = conflicted(
        desk,
        creates("route", "conference", **conference(desc="Ours")),
        outside=put(desk, desc="Theirs", methods=["GET"]),
    )
    (one,) = conflict_of(change).items
    assert one.words == (
        "Route conference was created meanwhile; to keep yours replaces it."
    )

    with pytest.raises(Collides):
        rebase(change, actor=present(desk.people.alice))
    rebase(change, actor=present(desk.people.alice), choices={"items.0": "mine"})

    assert change.latest_revision().items.get().action == "update"
    again(desk, change)
    assert desk.live()["desc"] == "Ours"
    assert "methods" not in desk.live()


def test_an_update_of_what_is_gone_creates_it_again_when_chosen(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = conflicted(
        desk,
        updates("route", "conference", desc="Ours"),
        outside=lambda: desk.sandbox.delete("route", "conference"),
    )
    (one,) = conflict_of(change).items
    assert "was deleted meanwhile" in one.words

    rebase(change, actor=present(desk.people.alice), choices={"items.0": "mine"})

    assert change.latest_revision().items.get().action == "create"
    again(desk, change)
    assert desk.live()["desc"] == "Ours"


def test_a_delete_of_what_was_changed_deletes_only_when_chosen(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = conflicted(
        desk, deletes("route", "conference"), outside=put(desk, desc="Theirs")
    )

    with pytest.raises(Collides):
        rebase(change, actor=present(desk.people.alice))
    rebase(change, actor=present(desk.people.alice), choices={"items.0": "mine"})

    again(desk, change)
    assert desk.live() is None


def test_what_is_gone_already_leaves_the_rest_to_do(desk: Desk) -> None:
    desk.sandbox.put("route", "one", conference(uri="/one"))
    desk.sandbox.put("route", "two", conference(uri="/two"))

    def outside() -> None:
        desk.sandbox.delete("route", "one")
        desk.sandbox.put("route", "two", conference(uri="/two", desc="Theirs"))

    change = conflicted(
        desk,
        deletes("route", "one"),
        updates("route", "two", methods=["GET"]),
        outside=outside,
    )
    gone = next(one for one in conflict_of(change).items if one.live is None)
    assert gone.words == "Route one is gone already: nothing is left to delete."

    rebase(change, actor=present(desk.people.alice))

    assert [i.resource_id for i in change.latest_revision().items.all()] == ["two"]


def test_where_nothing_is_left_to_do_it_is_said(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = conflicted(
        desk,
        updates("route", "conference", desc="Ours"),
        outside=put(desk, desc="Theirs"),
    )

    with pytest.raises(WrongState, match="Nothing is left to do"):
        rebase(
            change, actor=present(desk.people.alice), choices={"items.0.desc": "theirs"}
        )

    change.refresh_from_db()
    assert change.state == State.CONFLICTED


# --- Secrets


def test_secrets_are_joined_whole_and_never_shown(desk: Desk) -> None:
    desk.sandbox.put(
        "route", "conference", conference(plugins={"limit-count": limit(2, **LIMITED)})
    )
    change = conflicted(
        desk,
        updates("route", "conference", plugins={"limit-count": {"count": 5}}),
        outside=put(
            desk,
            plugins={
                "limit-count": limit(9, **LIMITED | {"redis_password": "new-one-x"})
            },
        ),
    )

    found = conflict_of(change)
    told = repr([(one.shown_live, one.clashes, one.words) for one in found.items])
    assert PASSWORD not in told
    assert "new-one-x" not in told
    rebase(
        change,
        actor=present(desk.people.alice),
        choices={"items.0.plugins.limit-count.count": "mine"},
    )

    again(desk, change)
    limited = desk.live()["plugins"]["limit-count"]
    assert (limited["count"], limited["redis_password"]) == (5, "new-one-x")
    assert PASSWORD not in repr(list(AuditEvent.objects.values()))


def test_a_secret_that_both_changed_collides_without_being_shown(desk: Desk) -> None:
    desk.sandbox.put(
        "route", "conference", conference(plugins={"limit-count": limit(2, **LIMITED)})
    )
    change = conflicted(
        desk,
        updates(
            "route",
            "conference",
            plugins={"limit-count": {"redis_password": "ours-secret"}},
        ),
        outside=put(
            desk,
            plugins={
                "limit-count": limit(2, **LIMITED | {"redis_password": "theirs-secret"})
            },
        ),
    )

    (clash,) = conflict_of(change).clashes
    values = (clash.collision.base, clash.collision.wanted, clash.collision.live)
    assert all(value.startswith("redacted:") for value in values)
    rebase(change, actor=present(desk.people.alice), choices={clash.name: "mine"})

    again(desk, change)
    limited = desk.live()["plugins"]["limit-count"]
    assert limited["redis_password"] == "ours-secret"


def test_a_certificate_keeps_the_key_that_the_change_brings(desk: Desk) -> None:
    made = self_signed("a.com", "b.com")
    pem, key = made.pem, made.key_pem
    desk.sandbox.put("ssl", "s", {"cert": pem, "key": key, "snis": ["a.com"]})
    change = conflicted(
        desk,
        updates("ssl", "s", key=key, snis=["a.com", "b.com"]),
        outside=lambda: desk.sandbox.put(
            "ssl",
            "s",
            {"cert": pem, "key": key, "snis": ["a.com"], "labels": {"by": "them"}},
        ),
    )

    rebase(change, actor=present(desk.people.alice))

    again(desk, change)
    assert change.state == State.APPLIED
    live = desk.live("s", "ssl")
    assert live["snis"] == ["a.com", "b.com"]
    assert live["labels"] == {"by": "them"}


# --- Who, and when


def test_only_the_author_rebases(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = conflicted(
        desk,
        updates("route", "conference", desc="Ours"),
        outside=put(desk, methods=["GET"]),
    )

    with pytest.raises(NotYours):
        rebase(change, actor=present(desk.people.riley))
    with pytest.raises(NotAllowed):
        rebase(change, actor=present(desk.people.audrey))
    reader, _ = make_token(desk.people.alice, scopes=["gateway:read"])
    actor = program(desk.people.alice)
    with pytest.raises(NotAllowed):
        rebase(change, actor=type(actor)(**{**vars(actor), "token": reader}))
    assert change.revisions.count() == 1


def test_a_change_that_nothing_overtook_keeps_its_approvals(desk: Desk) -> None:
    change = desk.create()

    with pytest.raises(WrongState, match="needs no rebase"):
        rebase(change, actor=present(desk.people.alice))

    assert change.revisions.count() == 1


def test_a_change_in_review_is_rebased_before_anybody_approves_it(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = desk.ask(updates("route", "conference", desc="Ours"))
    put(desk, methods=["GET"])()

    rebase(change, actor=present(desk.people.alice))

    assert again(desk, change).state == State.APPLIED


@pytest.mark.parametrize("state", [State.APPROVED, State.APPLIED, State.WITHDRAWN])
def test_what_is_under_way_or_over_is_not_rebased(desk: Desk, state: State) -> None:
    change = desk.create()
    ChangeRequest.objects.filter(pk=change.pk).update(state=state)
    change.refresh_from_db()

    with pytest.raises(WrongState):
        rebase(change, actor=present(desk.people.alice))


def test_a_gateway_that_is_down_leaves_everything_as_it_was(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())
    change = conflicted(
        desk,
        updates("route", "conference", desc="Ours"),
        outside=put(desk, methods=["GET"]),
    )
    desk.sandbox.stop()

    with pytest.raises(GatewayDown):
        rebase(change, actor=present(desk.people.alice))

    assert conflict_of(change).trouble
    assert Revision.objects.filter(change=change).count() == 1


def test_what_the_checks_would_stop_is_stopped_here_too(desk: Desk) -> None:
    desk.sandbox.put("upstream", "speakers", upstream())
    change = conflicted(
        desk,
        route("one", upstream=None, upstream_id="speakers"),
        outside=lambda: (
            desk.sandbox.delete("upstream", "speakers"),
            desk.sandbox.put("route", "one", conference()),
        ),
    )

    with pytest.raises(Blocked):
        rebase(change, actor=present(desk.people.alice), choices={"items.0": "mine"})

    assert change.revisions.count() == 1


def test_a_replacement_of_the_whole_is_joined_as_well(desk: Desk) -> None:
    desk.sandbox.put("upstream", "speakers", upstream())
    change = conflicted(
        desk,
        replaces("upstream", "speakers", **upstream(desc="Ours")),
        outside=lambda: desk.sandbox.put(
            "upstream", "speakers", upstream(nodes={"127.0.0.1:9000": 1})
        ),
    )

    rebase(change, actor=present(desk.people.alice))

    again(desk, change)
    live = desk.live("speakers", "upstream")
    assert (live["desc"], live["nodes"]) == ("Ours", {"127.0.0.1:9000": 1})
