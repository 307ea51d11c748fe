"""Filing a change: it works, it is recorded, it is refused with nothing stored."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from portal.accounts.errors import NotAllowed, NotPresent, NotVisible
from portal.accounts.models import Membership, Person
from portal.audit.models import AuditEvent
from portal.changes.asked import ItemAsked
from portal.changes.errors import (
    Blocked,
    GatewayDown,
    KeyReused,
    Malformed,
    NoSuchResource,
    NotYours,
    WrongState,
)
from portal.changes.models import ChangeRequest, IdempotencyKey, Item, Revision
from portal.changes.propose import draft, preview, propose, revise
from portal.changes.quorum import standing
from portal.changes.review import request_changes, withdraw
from portal.changes.states import State
from tests.actors import present, program
from tests.changes.conftest import Desk, conference
from tests.factories import make_gateway

pytestmark = pytest.mark.django_db

CREATE = ItemAsked(
    action="create", kind="route", document=conference(), document_field="route"
)


LIMIT = {"count": 2, "time_window": 60, "rejected_code": 429}


def nothing_is_stored() -> bool:
    return not (
        ChangeRequest.objects.exists()
        or Revision.objects.exists()
        or Item.objects.exists()
        or IdempotencyKey.objects.exists()
        or AuditEvent.objects.exists()
    )


def test_a_change_is_filed_and_recorded_and_nothing_is_sent(desk: Desk) -> None:
    change = desk.ask(CREATE, actor=program(desk.people.alice))

    assert change.state == State.IN_REVIEW
    assert (change.channel, change.client) == ("api", "ChatGPT")
    assert change.title == ""
    assert str(change) == f"#{change.number} {change.summary}"
    assert "/speaker/* → 127.0.0.1:8000" in change.summary
    event = AuditEvent.objects.get()
    assert (event.event, event.actor, event.client) == (
        "change.submitted",
        "alice",
        "ChatGPT",
    )
    assert event.details["digest"] == change.latest_revision().digest
    assert desk.writes() == []


def test_a_chosen_id_is_readable_and_of_fixed_width(desk: Desk) -> None:
    item = desk.ask(CREATE).latest_revision().items.get()

    prefix, _, suffix = item.resource_id.rpartition("-")
    assert prefix == "conference"
    assert len(suffix) == 6


def test_a_preview_stores_nothing(desk: Desk) -> None:
    plan = preview(desk.asked(CREATE), actor=present(desk.people.alice))

    assert plan.blockers == []
    assert [d.dotted for d in plan.items[0].differences]
    assert nothing_is_stored()


def test_a_preview_shows_blockers_as_findings(desk: Desk) -> None:
    bad = ItemAsked(
        action="create", kind="route", document=conference(plugins={"nosuch": {}})
    )

    plan = preview(desk.asked(bad), actor=present(desk.people.alice))

    assert "unknown_plugin" in {finding.code for finding in plan.blockers}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (conference(plugins={"limit-cuont": {}}), "unknown_plugin"),
        (conference(plugins={"limit-count": {"count": "many"}}), "invalid_document"),
        ({"uri": 7, "upstream": {"nodes": {"a:1": 1}}}, "invalid_document"),
        ({"uri": "/x", "upstream_id": "nope"}, "missing_reference"),
        ({"uri": "/x", "service_id": "nope"}, "missing_reference"),
        (conference(colour="red"), "invalid_document"),
        (
            conference(plugins={"key-auth": {"header": "redacted:01234567"}}),
            "secret_not_resolved",
        ),
    ],
)
def test_a_blocker_is_told_and_nothing_is_stored(
    desk: Desk, document: dict[str, Any], code: str
) -> None:
    item = ItemAsked(action="create", kind="route", document=document)

    with pytest.raises(Blocked) as caught:
        desk.ask(item)

    found = caught.value.extra["findings"]
    assert code in {finding["code"] for finding in found}
    assert all(finding["mend"] for finding in found)
    assert nothing_is_stored()


def test_creating_what_exists_is_blocked(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())

    with pytest.raises(Blocked, match="already holds"):
        desk.create()

    assert nothing_is_stored()


def test_an_update_merges_into_what_is_live_now(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference(desc="kept", methods=["GET"]))

    change = desk.ask(
        ItemAsked(
            action="update",
            kind="route",
            id="conference",
            document={"methods": ["GET", "POST"], "plugins": {"limit-count": LIMIT}},
        )
    )

    wanted = change.latest_revision().items.get().whole_wanted()
    assert wanted is not None
    assert wanted["desc"] == "kept"
    assert wanted["methods"] == ["GET", "POST"]
    assert wanted["plugins"] == {"limit-count": LIMIT}
    assert "create_time" not in wanted


def test_a_replacing_update_drops_what_it_does_not_say(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference(desc="gone"))

    change = desk.ask(
        ItemAsked(
            action="update",
            kind="route",
            id="conference",
            document=conference(),
            replace=True,
        )
    )

    assert "desc" not in (change.latest_revision().items.get().wanted or {})


def test_an_update_that_changes_nothing_is_blocked(desk: Desk) -> None:
    desk.sandbox.put("route", "conference", conference())

    with pytest.raises(Blocked) as caught:
        desk.ask(
            ItemAsked(
                action="update",
                kind="route",
                id="conference",
                document={"uri": "/speaker/*"},
            )
        )

    assert caught.value.extra["findings"][0]["code"] == "nothing_changes"


@pytest.mark.parametrize("action", ["update", "delete"])
def test_what_does_not_exist_is_neither_updated_nor_deleted(
    desk: Desk, action: str
) -> None:
    document = {"desc": "x"} if action == "update" else None

    with pytest.raises(NoSuchResource):
        desk.ask(ItemAsked(action=action, kind="route", id="nope", document=document))

    assert nothing_is_stored()


def test_deleting_what_is_still_used_is_blocked(desk: Desk) -> None:
    desk.sandbox.put("upstream", "u1", {"nodes": {"127.0.0.1:1": 1}})
    desk.sandbox.put("route", "r1", {"uri": "/x", "upstream_id": "u1"})
    delete_upstream = ItemAsked(action="delete", kind="upstream", id="u1")

    with pytest.raises(Blocked, match="route r1 still refers"):
        desk.ask(delete_upstream)

    both = desk.ask(delete_upstream, ItemAsked(action="delete", kind="route", id="r1"))
    kinds = [item.kind for item in both.latest_revision().items.all()]
    assert kinds == ["route", "upstream"]


def test_items_may_refer_to_each_other_and_are_put_in_order(desk: Desk) -> None:
    change = desk.ask(
        ItemAsked(
            action="create",
            kind="route",
            id="r1",
            document={"uri": "/x", "service_id": "s1"},
        ),
        ItemAsked(
            action="create", kind="service", id="s1", document={"upstream_id": "u1"}
        ),
        ItemAsked(
            action="create",
            kind="upstream",
            id="u1",
            document={"nodes": {"127.0.0.1:1": 1}},
        ),
    )

    kinds = [item.kind for item in change.latest_revision().items.all()]
    assert kinds == ["upstream", "service", "route"]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (
            ItemAsked(action="create", kind="nope", document={}, field="items.0"),
            "items.0.kind",
        ),
        (ItemAsked(action="burn", kind="route", field="items.0"), "items.0.action"),
        (ItemAsked(action="create", kind="route", field="items.0"), "items.0.document"),
        (ItemAsked(action="delete", kind="route", field="items.0"), "items.0.id"),
        (
            ItemAsked(action="delete", kind="route", id="a/b", field="items.0"),
            "items.0.id",
        ),
        (
            ItemAsked(action="delete", kind="route", id="a b", field="items.0"),
            "items.0.id",
        ),
        (
            ItemAsked(
                action="create",
                kind="route",
                id="one",
                document=conference(id="two"),
                field="items.0",
            ),
            "items.0.id",
        ),
        (
            ItemAsked(
                action="create",
                kind="route",
                document={"uri": "/x", "upstream": {"url": "http://h/path"}},
                document_field="route",
            ),
            "route.upstream.url",
        ),
        (
            ItemAsked(
                action="create",
                kind="route",
                document={"uri": "/x", "upstream": {"url": "http://h/path"}},
                field="items.0",
            ),
            "items.0.document.upstream.url",
        ),
        (
            ItemAsked(
                action="create",
                kind="route",
                document=conference(id="a b"),
                field="items.0",
            ),
            "items.0.document.id",
        ),
        (
            ItemAsked(
                action="create",
                kind="credential",
                document={"plugins": {}},
                field="items.0",
            ),
            "items.0.id",
        ),
    ],
)
def test_input_that_makes_no_sense_names_its_field(
    desk: Desk, item: ItemAsked, field: str
) -> None:
    with pytest.raises(Malformed) as caught:
        desk.ask(item)

    assert caught.value.field == field
    assert nothing_is_stored()


def test_a_resource_stands_once_in_a_change(desk: Desk) -> None:
    one = ItemAsked(action="create", kind="route", id="r1", document=conference())

    with pytest.raises(Malformed, match="twice"):
        desk.ask(one, one)


def test_a_reason_is_needed(desk: Desk) -> None:
    with pytest.raises(Malformed) as caught:
        propose(
            replace(desk.asked(CREATE), reason="  "), actor=present(desk.people.alice)
        )

    assert caught.value.field == "reason"


def test_with_the_gateway_down_nothing_is_stored(desk: Desk) -> None:
    desk.ask(CREATE)  # so that the schemas are known
    ChangeRequest.objects.update(request_digest="")
    before = AuditEvent.objects.count()
    desk.sandbox.stop()

    with pytest.raises(GatewayDown) as caught:
        desk.ask(CREATE)

    assert ChangeRequest.objects.count() == 1
    assert AuditEvent.objects.count() == before
    assert desk.sandbox.key not in str(caught.value)


def test_a_viewer_and_an_auditor_ask_for_nothing(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        desk.ask(CREATE, actor=present(desk.people.audrey))

    assert nothing_is_stored()


def test_a_gateway_one_may_not_see_takes_no_change(desk: Desk) -> None:
    Membership.objects.filter(person=desk.people.alice).update(
        gateway=make_gateway("other")
    )

    with pytest.raises(NotVisible):
        desk.ask(CREATE)

    assert nothing_is_stored()


def test_the_same_key_and_request_give_the_first_change(desk: Desk) -> None:
    actor = program(desk.people.alice)
    asked = desk.asked(CREATE, idempotency_key="k1")

    first = propose(asked, actor=actor)
    second = propose(asked, actor=actor)

    assert (first.is_replay, second.is_replay) == (False, True)
    assert first.change == second.change
    assert ChangeRequest.objects.count() == 1
    assert AuditEvent.objects.count() == 1


def test_a_key_used_for_another_request_is_refused(desk: Desk) -> None:
    actor = program(desk.people.alice)
    propose(desk.asked(CREATE, idempotency_key="k1"), actor=actor)
    other = ItemAsked(action="create", kind="route", document=conference(uri="/other"))

    with pytest.raises(KeyReused):
        propose(desk.asked(other, idempotency_key="k1"), actor=actor)

    assert ChangeRequest.objects.count() == 1


def test_a_key_belongs_to_one_program_and_lives_seven_days(desk: Desk) -> None:
    asked = desk.asked(CREATE, idempotency_key="k1")
    actor = program(desk.people.alice)
    first = propose(asked, actor=actor).change

    assert propose(asked, actor=program(desk.people.alice)).change != first
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert propose(asked, actor=actor).change != first


def test_an_equal_request_without_a_key_returns_the_open_change(desk: Desk) -> None:
    actor = program(desk.people.alice)
    first = propose(desk.asked(CREATE), actor=actor)

    assert propose(desk.asked(CREATE), actor=actor).change == first.change
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert propose(desk.asked(CREATE), actor=actor).change != first.change


def test_an_equal_request_after_a_withdrawal_is_a_new_change(desk: Desk) -> None:
    actor = program(desk.people.alice)
    first = propose(desk.asked(CREATE), actor=actor).change
    withdraw(first, actor=actor)

    assert propose(desk.asked(CREATE), actor=actor).change != first


def test_an_equal_request_after_a_revision_is_a_new_change(desk: Desk) -> None:
    alice = present(desk.people.alice)
    first = propose(desk.asked(CREATE), actor=alice).change
    other = replace(CREATE, document=conference(uri="/other"))
    revise(first, desk.asked(other), actor=alice)

    assert propose(desk.asked(CREATE), actor=alice).change != first
    assert propose(desk.asked(other), actor=alice).change == first


def test_a_refused_request_keeps_no_key(desk: Desk) -> None:
    actor = program(desk.people.alice)
    bad = ItemAsked(
        action="create", kind="route", document=conference(plugins={"no": {}})
    )
    with pytest.raises(Blocked):
        propose(desk.asked(bad, idempotency_key="k1"), actor=actor)

    assert not propose(desk.asked(CREATE, idempotency_key="k1"), actor=actor).is_replay


def test_secrets_are_kept_sealed_and_shown_redacted(desk: Desk) -> None:
    secret = "s3cr3t-of-jack"
    change = desk.ask(
        ItemAsked(
            action="create",
            kind="consumer",
            document={"username": "jack", "plugins": {"key-auth": {"key": secret}}},
        )
    )

    item = change.latest_revision().items.get()
    assert item.wanted is not None
    assert item.wanted["plugins"]["key-auth"]["key"].startswith("redacted:")
    assert (item.whole_wanted() or {})["plugins"]["key-auth"]["key"] == secret
    rows = [
        *ChangeRequest.objects.values(),
        *Revision.objects.values(),
        *Item.objects.values(),
        *AuditEvent.objects.values(),
    ]
    assert secret not in str(rows)
    assert secret.encode() not in bytes(item.wanted_sealed)


def test_a_redacted_secret_sent_back_keeps_the_secret(desk: Desk) -> None:
    desk.sandbox.put(
        "consumer",
        "jack",
        {"username": "jack", "plugins": {"key-auth": {"key": "abc-def"}}},
    )
    shown = (
        desk.ask(
            ItemAsked(
                action="update", kind="consumer", id="jack", document={"desc": "x"}
            )
        )
        .latest_revision()
        .items.get()
        .wanted
    )
    assert shown is not None

    change = desk.ask(
        ItemAsked(
            action="update", kind="consumer", id="jack", document=shown | {"desc": "y"}
        )
    )

    wanted = change.latest_revision().items.get().whole_wanted() or {}
    assert wanted["plugins"]["key-auth"]["key"] == "abc-def"


def test_a_kept_secret_with_a_new_destination_is_warned_of(desk: Desk) -> None:
    logger = {"uri": "https://logs.example.com/in", "auth_header": "Basic abc"}
    desk.sandbox.put("route", "r1", conference(plugins={"http-logger": logger}))

    change = desk.ask(
        ItemAsked(
            action="update",
            kind="route",
            id="r1",
            document={"plugins": {"http-logger": {"uri": "https://evil.example.com/"}}},
        )
    )

    [finding] = change.latest_revision().findings
    assert finding["code"] == "secret_follows_new_destination"
    assert finding["severity"] == "warning"


def test_two_changes_of_one_resource_see_each_other(desk: Desk) -> None:
    desk.sandbox.put("route", "r1", conference())
    first = desk.ask(
        ItemAsked(action="update", kind="route", id="r1", document={"desc": "a"})
    )

    second = desk.ask(
        ItemAsked(action="update", kind="route", id="r1", document={"desc": "b"})
    )

    [finding] = second.latest_revision().findings
    assert finding["code"] == "asked_for_twice"
    assert f"#{first.pk}" in finding["words"]


def test_what_a_newer_revision_no_longer_touches_is_asked_for_by_nobody_else(
    desk: Desk,
) -> None:
    desk.sandbox.put("route", "r1", conference())
    desk.sandbox.put("route", "r2", conference(uri="/r2"))
    alice = present(desk.people.alice)

    def wants(resource_id: str) -> ItemAsked:
        return ItemAsked(
            action="update", kind="route", id=resource_id, document={"desc": "a"}
        )

    first = desk.ask(wants("r1"))
    revise(first, desk.asked(wants("r2")), actor=alice)

    findings = desk.ask(wants("r1")).latest_revision().findings

    assert "asked_for_twice" not in {one["code"] for one in findings}


def test_a_new_revision_voids_earlier_approvals(desk: Desk) -> None:
    desk.gateway.approvals_required = 2
    desk.gateway.save()
    change = desk.create()
    desk.approve(change)
    assert standing(change).given == 1

    revision = revise(
        change,
        desk.asked(
            ItemAsked(
                action="create",
                kind="route",
                id="conference",
                document=conference(uri="/a"),
            )
        ),
        actor=present(desk.people.alice),
    )

    change.refresh_from_db()
    assert revision.number == 2
    assert (change.state, standing(change).given) == (State.IN_REVIEW, 0)
    assert "asked_for_twice" not in {one["code"] for one in revision.findings}
    assert AuditEvent.objects.filter(event="change.revised").count() == 1


def test_only_the_author_revises_and_only_while_it_can_be_decided(desk: Desk) -> None:
    change = desk.create()
    again = desk.asked(
        ItemAsked(
            action="create",
            kind="route",
            id="conference",
            document=conference(uri="/a"),
        )
    )

    with pytest.raises(NotYours):
        revise(change, again, actor=present(desk.people.omar))
    request_changes(
        change.latest_revision(), actor=present(desk.people.riley), comment="Say more."
    )
    change.refresh_from_db()
    revise(change, again, actor=present(desk.people.alice))
    change.refresh_from_db()
    desk.approve(change)
    change.refresh_from_db()
    with pytest.raises(WrongState):
        revise(change, again, actor=present(desk.people.alice))

    assert change.revisions.count() == 2


def test_a_stored_request_digest_cannot_be_guessed_without_the_key(desk: Desk) -> None:
    asked = desk.asked(CREATE)
    change = propose(asked, actor=present(desk.people.alice)).change

    assert change.request_digest != hashlib.sha256(asked.as_bytes()).hexdigest()


def test_a_person_keeps_a_blocked_request_as_a_draft_and_submits_it_later(
    desk: Desk,
) -> None:
    alice = present(desk.people.alice)
    item = ItemAsked(
        action="create",
        kind="route",
        id="r1",
        document={"uri": "/x", "upstream_id": "u1"},
    )
    change = draft(desk.asked(item), actor=alice).change

    assert change.state == State.DRAFT
    assert change.latest_revision().findings[0]["code"] == "missing_reference"
    with pytest.raises(Blocked):
        revise(change, desk.asked(item), actor=alice)
    with pytest.raises(WrongState):
        desk.approve(change)
    desk.sandbox.put("upstream", "u1", {"nodes": {"127.0.0.1:1": 1}})
    revise(change, desk.asked(item), actor=alice)

    change.refresh_from_db()
    assert change.state == State.IN_REVIEW
    assert list(
        AuditEvent.objects.order_by("number").values_list("event", flat=True)
    ) == [
        "change.drafted",
        "change.revised",
    ]


def test_a_draft_is_its_authors_own_until_it_is_sent(desk: Desk) -> None:
    people, alice = desk.people, present(desk.people.alice)
    change = draft(desk.asked(CREATE), actor=alice).change
    everybody = [people.alice, people.riley, people.audrey, people.admin]

    def who_sees() -> list[Person]:
        seen = ChangeRequest.objects.visible_to
        return [one for one in everybody if seen(one).filter(pk=change.pk).exists()]

    assert who_sees() == [people.alice]
    revise(change, desk.asked(CREATE), actor=alice)
    assert who_sees() == everybody


def test_a_program_keeps_no_draft(desk: Desk) -> None:
    with pytest.raises(NotPresent):
        draft(desk.asked(CREATE), actor=program(desk.people.alice))

    assert nothing_is_stored()


def test_a_refusal_in_words_repeats_no_secret(desk: Desk) -> None:
    desk.sandbox.put("consumer", "jack", {"username": "jack"})
    secret = "s3cr3t of jack"
    item = ItemAsked(
        action="create",
        kind="credential",
        id="jack/credentials/c1",
        document={
            "plugins": {"jwt-auth": {"key": "j", "secret": secret, "algorithm": secret}}
        },
    )

    with pytest.raises(Blocked) as caught:
        desk.ask(item)

    assert "invalid_document" in str(caught.value.extra)
    assert secret not in str(caught.value)
    assert secret not in str(caught.value.extra)
