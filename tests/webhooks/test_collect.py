"""From the ledger to messages: nothing lost, nothing twice, nothing one may not read."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import Membership, Person
from portal.accounts.roles import Role
from portal.audit.events import Event
from portal.audit.models import LedgerHead
from portal.webhooks import collect as collecting
from portal.webhooks.collect import collect
from portal.webhooks.listening import OFFERED, pause, remove, resume
from portal.webhooks.models import Message, Webhook
from tests.actors import present
from tests.factories import Cast, make_gateway, make_person

pytestmark = pytest.mark.django_db
Listen = Callable[..., Webhook]
Happens = Callable[..., None]
ALL = [event.value for event in OFFERED if event.value.startswith("change.")]


def told(webhook: Webhook | None = None) -> list[str]:
    messages = Message.objects.order_by("event_number")
    if webhook:
        messages = messages.filter(webhook=webhook)
    return list(messages.values_list("type", flat=True))


def test_what_happens_from_now_on_is_told_once(
    listen: Listen, happens: Happens
) -> None:
    happens(Event.CHANGE_SUBMITTED)
    listen(events=ALL)
    happens(Event.CHANGE_SUBMITTED, Event.CHANGE_APPROVED)

    assert collect() == 2
    assert collect() == 0
    assert told() == ["change.submitted", "change.approved"]


def test_a_message_says_who_what_and_where(listen: Listen, happens: Happens) -> None:
    listen()
    happens(reason="Because")
    collect()

    content = Message.objects.get().content
    assert content["words"] == "alice submitted the change for review"
    assert (content["actor"], content["gateway"]) == ("alice", "default")
    assert content["subject"]["type"] == "change"
    assert content["url"].endswith(f"/changes/{content['subject']['id']}/")
    assert content["url"].startswith("http")
    assert content["details"] == {"reason": "Because"}


def test_only_the_chosen_events_of_the_gateway_are_told(
    people: Cast, listen: Listen, happens: Happens
) -> None:
    ours = make_gateway("ours")
    of_ours, of_all = (
        listen(gateway=ours, events=["change.applied"]),
        listen(events=ALL),
    )

    happens(Event.CHANGE_SUBMITTED, Event.CHANGE_APPLIED, slug="ours")
    happens(Event.CHANGE_APPLIED, slug="other")
    collect()

    assert told(of_ours) == ["change.applied"]
    assert told(of_all) == ["change.submitted", "change.applied", "change.applied"]


def test_no_draft_is_ever_told(listen: Listen, happens: Happens) -> None:
    webhook = listen(events=ALL)
    Webhook.objects.update(events=[*ALL, "change.drafted", "change.discarded"])
    happens(Event.CHANGE_DRAFTED, Event.CHANGE_DISCARDED, Event.CHANGE_SUBMITTED)
    collect()

    assert told(webhook) == ["change.submitted"]


def test_what_its_maker_may_not_read_any_more_is_not_told(
    listen: Listen, happens: Happens
) -> None:
    ours = make_gateway("ours")
    ruler = make_person("ruler", Role.ADMINISTRATOR, gateway=ours)
    webhook = listen(gateway=ours, actor=present(ruler))
    happens(slug="ours")
    collect()
    assert len(told(webhook)) == 1

    Membership.objects.filter(person=ruler).delete()
    happens(slug="ours")
    collect()
    assert len(told(webhook)) == 1

    Membership.objects.create(person=ruler, role=Role.ADMINISTRATOR, gateway=ours)
    Person.objects.filter(pk=ruler.pk).update(is_active=False)
    happens(slug="ours")
    collect()
    assert len(told(webhook)) == 1


def test_while_it_is_paused_nothing_is_gathered(
    people: Cast, listen: Listen, happens: Happens
) -> None:
    webhook, admin = listen(), present(people.admin)
    pause(webhook, actor=admin)
    happens()
    assert collect() == 0
    resume(webhook, actor=admin)
    assert collect() == 0

    happens()
    assert collect() == 1
    remove(webhook, actor=admin)
    happens()
    assert collect() == 0


def test_a_long_pause_of_the_workers_is_caught_up_in_parts(
    listen: Listen, happens: Happens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "AT_ONCE", 2)
    listen()
    for _ in range(5):
        happens()

    found = [collect() for _ in range(4)]

    assert sum(found) == len(told()) == 5
    assert max(found) == 2
    assert found[-1] == 0


def test_two_sweeps_at_once_tell_it_once(listen: Listen, happens: Happens) -> None:
    """The second reads the webhook before the first has moved it on."""
    webhook = listen()
    happens()
    stale = Webhook.objects.get(pk=webhook.pk)
    head = LedgerHead.objects.get(pk=1).number

    assert collecting._collect_one(stale, head) == 1
    assert collecting._collect_one(stale, head) == 0
    assert len(told()) == 1


def test_nothing_new_costs_a_look(listen: Listen, happens: Happens) -> None:
    listen()
    happens()
    collect()

    with CaptureQueriesContext(connection) as asked:
        collect()
    assert len(asked) == 2


def test_everything_is_told_to_who_listens_to_all(
    listen: Listen, happens: Happens
) -> None:
    webhook = listen(events=["*"])
    happens(Event.CHANGE_SUBMITTED, Event.AUDIT_SIGNED, Event.CHANGE_DRAFTED)

    collect()

    assert told(webhook) == ["webhook.made", "change.submitted", "audit.signed"]
