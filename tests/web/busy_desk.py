"""A desk where everything has happened once: each state, each kind of page.

Through the operations themselves and a live sandbox gateway, so that pages show what
they show in life.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.test import override_settings
from django.utils import timezone

from gateway.mirror import refresh
from portal.accounts.actor import Actor
from portal.accounts.group_members import join_group
from portal.accounts.groups import make_group
from portal.accounts.memberships import grant
from portal.accounts.models import Membership, Ownership, Scope
from portal.accounts.ownerships import give_part
from portal.accounts.policy.deciding import accept_policy
from portal.accounts.roles import Role
from portal.accounts.service_accounts import make_service_account
from portal.accounts.tokens import create_token
from portal.audit.heads import sign_head
from portal.audit.ledger import Itself
from portal.changes.asked import ItemAsked
from portal.changes.break_glass import break_glass
from portal.changes.models import ChangeRequest, Delivery, ProbeRun
from portal.changes.nodes import watch
from portal.changes.operate import cancel
from portal.changes.probe import Probe
from portal.changes.probing import TRIES, send_probe
from portal.changes.propose import draft, propose
from portal.changes.review import (
    add_comment,
    approve,
    reject,
    request_changes,
    withdraw,
)
from portal.changes.rules.changing import propose_rules
from portal.changes.terms import Terms
from portal.drift.models import Drift, DriftRule
from portal.drift.ruling import add_rule
from portal.drift.scan import scan
from portal.notifications.collect import collect
from portal.webhooks.listening import USUAL, make_webhook, send_test
from portal.webhooks.models import Form, MessageState, Try
from tests.actors import present, program
from tests.certificates import self_signed
from tests.changes.conftest import Desk, conference
from tests.factories import make_access, make_freeze, make_person, make_program

LONG = "a-rather-long-name-without-any-break-" * 4
# Names that hide characters or look like others, and words that are no markup.
ODD = "<b>Ρaypal</b> \u202egnp.exe \u200b ﷽"

KEYNOTES = Probe(path="/keynotes/1", host="conference.example.com", status=200)


def _creates(resource_id: str, **fields: Any) -> ItemAsked:
    document = conference(name=resource_id, uri=f"/{resource_id}/*", **fields)
    return ItemAsked(action="create", kind="route", id=resource_id, document=document)


def fill(desk: Desk) -> dict[str, int]:
    """Let a change of each state be there; return their numbers by state.

    Also `probed` (live, but not as it should be), `probe_took_back` (no longer), `long` (names that never break), `many` (several resources, with warnings)
    and `odd` (characters that hide), and the primary keys of a `delivery`, a `drift`, a
    `webhook`, a `group`, its `role` and its `service_account`.
    """
    sign_head(actor=Itself("heads"))
    alice, riley, omar = (
        present(person)
        for person in (desk.people.alice, desk.people.riley, desk.people.omar)
    )
    _hold_resources(desk)
    # From now on people are told.
    collect()

    def ask(resource_id: str, **fields: Any) -> ChangeRequest:
        return desk.ask(_creates(resource_id, **fields), title=resource_id.title())

    def approved(resource_id: str, **fields: Any) -> ChangeRequest:
        change = ask(resource_id, **fields)
        approve(change.latest_revision(), actor=riley, comment="Looks right.")
        return change

    made = {"in_review": _by_chatgpt(desk)}
    add_comment(made["in_review"], actor=omar, text="Is the limit per address?")
    made["applied"] = desk.deliver(approved("talks", plugins={"key-auth": {}}))
    made["probed"] = _probed(desk)
    made["probe_took_back"] = _taken_back(desk)
    made["for_a_time"] = desk.ask(
        _creates("party"), terms=Terms(expires_after=timedelta(days=2))
    )
    approve(made["for_a_time"].latest_revision(), actor=riley)
    desk.deliver(made["for_a_time"])
    made["taking_back"] = made["for_a_time"].reverted_by.get()
    made["failed"] = approved("sponsors")
    desk.sandbox.misbehave(do="status", method="PUT", status=400)
    desk.deliver(made["failed"])
    desk.sandbox.behave()
    made["conflicted"] = approved("tickets")
    desk.sandbox.put("route", "tickets", conference(uri="/tickets", desc="by hand"))
    desk.deliver(made["conflicted"])
    made["changes_requested"] = desk.ask(
        _creates("badges"), terms=Terms(probe=replace(KEYNOTES, take_back=True))
    )
    request_changes(
        made["changes_requested"].latest_revision(),
        actor=riley,
        comment="Limit it to 10 requests a minute first.\n\nThen ask again.",
    )
    made["rejected"] = ask("debug")
    reject(made["rejected"].latest_revision(), actor=riley, comment="Not in public.")
    made["withdrawn"] = ask("typo")
    withdraw(made["withdrawn"], actor=alice, comment="A typing error.")
    made["cancelled"] = approved("late")
    cancel(made["cancelled"], actor=omar, comment="Too late today.")
    made["draft"] = draft(
        desk.asked(_creates("idea", plugins={"no-such-plugin": {}})), actor=alice
    ).change
    made["long"] = desk.ask(
        _creates(LONG[:60], desc=LONG), title=LONG, actor=program(desk.people.alice)
    )
    made["odd"] = desk.ask(_creates("odd", desc=ODD), title=ODD)
    made["many"] = _many(desk)
    # Last: an earlier one would be delivered before those above.
    made["approved"] = approved("rooms")
    made["alone"] = ask("emergency")
    break_glass(
        made["alone"].latest_revision(),
        actor=_emergency(desk),
        reason="The doors are locked.",
    )
    made["scheduled"] = desk.ask(
        _creates("opening"),
        title="Open the doors",
        terms=Terms(deliver_after=timezone.now() + timedelta(days=9)),
    )
    _freeze(desk)
    make_access(make_program(), desk.people.alice)
    numbers = {state: change.number for state, change in made.items()}
    collect()
    group = _group(desk)
    return numbers | {
        "delivery": made["applied"].latest_revision().delivery.pk,
        "drift": _drift(desk),
        "webhook": _webhook(desk),
        "policy": _policy(desk, group),
        "group": group.pk,
        "role": group.memberships.get().pk,
        "service_account": _service_account(desk, group),
    }


def _emergency(desk: Desk) -> Actor:
    """Omar, who may deliver alone."""
    Membership.objects.create(person=desk.people.omar, role=Role.EMERGENCY)
    return present(desk.people.omar)


def _service_account(desk: Desk, team: Group) -> int:
    """What the team's program acts as, with a token."""
    actor = present(desk.people.admin)
    account = make_service_account(team, "speakers-ci", actor=actor)
    create_token(
        actor=actor, name="CI", scopes=[Scope.PROPOSE], days=30, account=account
    )
    return account.pk


def _group(desk: Desk) -> Group:
    """A team that holds a role together."""
    actor = present(desk.people.admin)
    group = make_group("speakers", actor=actor)
    held = Membership(group=group, role=Role.AUTHOR, gateway=desk.gateway)
    grant(held, reason="A team.", actor=actor)
    join_group(group, desk.people.alice, reason="One of them.", actor=actor)
    part = Ownership(group=group, host="conference.example.com", uri_prefix="/talks/")
    give_part(part, reason="Theirs.", actor=actor)
    return group


def _policy(desk: Desk, group: Group) -> int:
    """Rules of all sorts in force; a change of them and one of a group wait for the superuser."""
    Group.objects.create(name="security")
    rules: list[dict[str, Any]] = [
        {
            "name": "Payments",
            "when": {"environments": ["production"], "uris": ["/pay/*"]},
            "needs": [{"approvals": 1, "groups": ["security"]}, {"approvals": 2}],
        },
        {"name": LONG[:100], "when": {"hosts": [LONG]}, "last_editor_counts": False},
    ]
    ada = make_person("ada", Role.ADMINISTRATOR)
    actor = present(desk.people.admin)
    accept_policy(
        propose_rules(rules, reason="Payments are grave.", actor=actor),
        actor=present(ada),
    )
    harmless = {
        "name": "Harmless",
        "when": {"environments": ["sandbox"], "channels": ["portal"]},
        "no_approval": True,
    }
    join_group(group, ada, reason=LONG, actor=present(ada))
    return propose_rules([harmless, rules[0]], reason=LONG, actor=present(ada)).pk


def _webhook(desk: Desk) -> int:
    """One with a message of each state."""
    webhook, _ = make_webhook(
        actor=present(desk.people.admin),
        gateway=None,
        name=ODD,
        form=Form.SLACK,
        address="https://hooks.example.com/services/secret",
        events=[event.value for event in USUAL],
    )
    actor = present(desk.people.admin)
    for state in MessageState.values:
        message = send_test(webhook, actor=actor)
        message.state, message.tries = state, 1
        message.save()
        Try.objects.create(
            message=message,
            at=timezone.now(),
            status=200 if state == MessageState.SENT else 503,
            words="It was taken." if state == MessageState.SENT else "It answered 503.",
            milliseconds=12,
        )
    return webhook.pk


def _hold_resources(desk: Desk) -> None:
    put = desk.sandbox.put
    put("upstream", "speakers", {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}})
    put("service", "program", {"name": "Programme", "upstream_id": "speakers"})
    put("consumer", "jack", {"username": "jack"})
    put(
        "route",
        "sessions",
        {
            "name": "Sessions",
            "uris": [f"/sessions/{letter}" for letter in "abcdef"],
            "hosts": ["conference.example.com"],
            "methods": ["GET", "POST"],
            "service_id": "program",
            "plugins": {
                "key-auth": {},
                "limit-count": {"count": 10, "time_window": 60, "policy": "local"},
            },
            "status": 0,
        },
    )
    put("route", "long-one", {**conference(name=LONG), "uri": f"/{LONG}/*"})
    for number, days in enumerate((-2, 12, 300)):
        names = [f"{name}.example.com" for name in ("conference", f"n{number}")]
        cert, key = self_signed(*names, since=-90, until=days).pems
        document = {"snis": names[:1], "cert": cert, "key": key}
        put("ssl", f"until-{days}", document)
    refresh(desk.gateway)


def _drift(desk: Desk) -> int:
    """Write past the desk, ignore some of it; return the drift that is worst to show."""
    put = desk.sandbox.put
    put("route", "long-one", {**conference(name=LONG), "uri": "/*", "desc": ODD})
    put("route", "by-hand", conference(uri="/by-hand", labels={"team": "events"}))
    scan(desk.gateway)
    rule = DriftRule(gateway=desk.gateway, resource_id="by-*", reason="Tried by hand.")
    add_rule(rule, actor=present(desk.people.admin))
    return Drift.objects.get(resource_id="long-one").pk


def _freeze(desk: Desk) -> None:
    """Hold what is approved from now on, and another environment every weekend."""
    now = timezone.now()
    make_freeze(
        desk.people.admin,
        reason="The conference is on: nothing changes until everybody is home again.",
        starts_at=now - timedelta(hours=3),
        ends_at=now + timedelta(hours=40),
    )
    make_freeze(
        desk.people.admin,
        environment="staging",
        starts_at=None,
        ends_at=None,
        cron="0 18 * * 5",
        length=timedelta(hours=62),
        zone="Europe/Berlin",
        reason="Weekends.",
    )
    make_freeze(
        desk.people.admin, reason=LONG, ended_at=now, ended_by=desk.people.admin
    )


def _by_chatgpt(desk: Desk) -> ChangeRequest:
    """Ask, as ChatGPT in alice's name, for the Conference API's route."""
    asked = desk.asked(
        ItemAsked(
            action="create",
            kind="route",
            document=conference(
                methods=["GET"],
                plugins={"limit-count": {"count": 100, "time_window": 60}},
            ),
        ),
        title="Publish the Conference API",
    )
    return propose(asked, actor=program(desk.people.alice)).change


def _probed(desk: Desk) -> ChangeRequest:
    """Let a change be live that one node does not hold and that does not answer well."""
    desk.gateway.control_urls = [desk.sandbox.control_url, "http://127.0.0.1:1"]
    desk.gateway.save()
    change = desk.ask(_creates("keynotes"), terms=Terms(probe=KEYNOTES))
    desk.approve(change)
    desk.deliver(change)
    delivery = change.latest_revision().delivery
    with override_settings(NODE_WAIT=0.0):
        watch(delivery.pk)
    _let_fail(delivery)
    # Nobody looks after what the desk delivers from here on.
    desk.gateway.control_urls = []
    desk.gateway.save()
    return change


def _taken_back(desk: Desk) -> ChangeRequest:
    """Let a failed probe have taken its change back."""
    probe = replace(KEYNOTES, take_back=True)
    change = desk.ask(_creates("workshops"), terms=Terms(probe=probe))
    desk.approve(change)
    desk.deliver(change)
    _let_fail(change.latest_revision().delivery)
    desk.deliver(change.reverted_by.get())
    return change


def _let_fail(delivery: Delivery) -> None:
    """Send a probe that nothing answers until it has failed."""
    for _ in range(TRIES):
        ProbeRun.objects.update(not_before=None)
        send_probe(delivery.pk)


def _many(desk: Desk) -> ChangeRequest:
    """Ask for several resources at once; some of it deserves a second look."""
    return desk.ask(
        _creates("first"),
        ItemAsked(
            action="update",
            kind="route",
            id="sessions",
            document={"status": 1, "methods": ["GET"], "desc": "Open again."},
        ),
        ItemAsked(action="delete", kind="consumer", id="jack"),
        title="Open the programme",
    )
