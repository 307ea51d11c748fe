"""Locks are taken in one order, and those that the database takes by itself count too.

PostgreSQL checks foreign keys at the commit: whoever has the ledger's head by then asks
for a share of every row that the new ones refer to. Whoever waits for the head must not
hold any of those against that.
"""

import ast
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from gateway.models import Gateway
from portal.accounts.gateways import change_gateway
from portal.accounts.models import Person, PolicyChange
from portal.accounts.people import change_person
from portal.accounts.policy.deciding import accept_policy
from portal.accounts.roles import Role
from portal.accounts.tokens import revoke_token
from portal.audit.ledger import problems
from portal.audit.models import LedgerHead
from portal.changes.propose import propose, revise
from portal.changes.retire import retire_gateway
from portal.changes.review import add_comment, approve, withdraw
from portal.drift.models import DriftRule
from portal.drift.ruling import add_rule, remove_rule
from tests.actors import present, program
from tests.changes.conftest import Desk, desk, people
from tests.changes.delivering import route
from tests.factories import make_person
from tests.waiting import LONG, eventually

__all__ = ["desk", "people"]

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("on_postgresql"),
]

Act = Callable[[], Any]


def waiting() -> int:
    """How many of this database's sessions wait for a lock of another's now.

    The tests of another process wait in the same cluster: they are not meant.
    """
    with connection.cursor() as cursor:
        # Who waits for a row's writer also holds a lock on the row's table.
        cursor.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks AS waiting "
            "JOIN pg_locks AS held USING (pid) "
            "JOIN pg_database ON pg_database.oid = held.database "
            "WHERE NOT waiting.granted AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def one_after_the_other(*acts: Act) -> list[BaseException]:
    """Let the acts wait for the ledger's head in this order; return what they raised."""

    def run(act: Act) -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        with transaction.atomic():
            LedgerHead.objects.select_for_update().get(pk=1)
            done = []
            for count, act in enumerate(acts, 1):
                done.append(pool.submit(run, act))
                eventually(lambda n=count: waiting() == n, f"{count} wait for it")
        ended = [one.exception(LONG) for one in done]
    return [error for error in ended if error]


def talk(desk: Desk) -> tuple[Act, Act]:
    change = desk.create()
    return (
        lambda: add_comment(change, actor=present(desk.people.omar), text="Fine."),
        lambda: approve(change.latest_revision(), actor=present(desk.people.riley)),
    )


def talk_and_withdraw(desk: Desk) -> tuple[Act, Act]:
    change = desk.create()
    return (
        lambda: add_comment(change, actor=present(desk.people.omar), text="Why?"),
        lambda: withdraw(change, actor=present(desk.people.alice)),
    )


def talk_and_revise(desk: Desk) -> tuple[Act, Act]:
    change = desk.create()
    return (
        lambda: add_comment(change, actor=present(desk.people.omar), text="Why?"),
        lambda: revise(
            change, desk.asked(route("b")), actor=present(desk.people.alice)
        ),
    )


def talk_and_deliver(desk: Desk) -> tuple[Act, Act]:
    change = desk.create()
    desk.approve(change)
    return (
        lambda: add_comment(change, actor=present(desk.people.omar), text="At last."),
        lambda: desk.deliver(change),
    )


def talk_and_ask(desk: Desk) -> tuple[Act, Act]:
    change, alice = desk.create(), present(desk.people.alice)
    return (
        lambda: add_comment(change, actor=alice, text="And another one."),
        lambda: propose(desk.asked(route("b")), actor=alice),
    )


def ask_and_revoke(desk: Desk) -> tuple[Act, Act]:
    actor = program(desk.people.alice)
    return (
        lambda: propose(desk.asked(route("a")), actor=actor),
        lambda: revoke_token(actor.token_id or 0, actor=present(desk.people.alice)),
    )


def ask_and_rename_the_gateway(desk: Desk) -> tuple[Act, Act]:
    desk.gateway.title = "Production"
    return (
        lambda: propose(desk.asked(route("a")), actor=present(desk.people.alice)),
        lambda: change_gateway(
            desk.gateway, fields=["title"], actor=present(desk.people.admin)
        ),
    )


def ask_and_retire_the_gateway(desk: Desk) -> tuple[Act, Act]:
    return (
        lambda: propose(desk.asked(route("a")), actor=present(desk.people.alice)),
        lambda: retire_gateway(
            desk.gateway, reason="Gone.", actor=present(desk.people.admin)
        ),
    )


def ask_and_accept_an_address(desk: Desk) -> tuple[Act, Act]:
    asked, ada = _asked_for_an_address(desk)
    return (
        lambda: propose(desk.asked(route("a")), actor=present(desk.people.alice)),
        lambda: accept_policy(asked, actor=present(ada)),
    )


def accept_an_address_and_rename_the_gateway(desk: Desk) -> tuple[Act, Act]:
    asked, ada = _asked_for_an_address(desk)
    desk.gateway.title = "Production"
    return (
        lambda: accept_policy(asked, actor=present(ada)),
        lambda: change_gateway(
            desk.gateway, fields=["title"], actor=present(desk.people.admin)
        ),
    )


def _asked_for_an_address(desk: Desk) -> tuple[PolicyChange, Person]:
    ada = make_person("ada", Role.ADMINISTRATOR)
    moved = Gateway.objects.get(pk=desk.gateway.pk)
    moved.admin_url = "http://new.example:9180"
    asked = change_gateway(
        moved,
        fields=["admin_url"],
        reason="It moved.",
        actor=present(desk.people.admin),
    )
    assert asked
    return asked, ada


def ask_and_rename_the_person(desk: Desk) -> tuple[Act, Act]:
    desk.people.alice.first_name = "Alicia"
    return (
        lambda: propose(desk.asked(route("a")), actor=present(desk.people.alice)),
        lambda: change_person(
            desk.people.alice, fields=["first_name"], actor=present(desk.people.admin)
        ),
    )


@pytest.mark.parametrize(
    "pair",
    [
        talk,
        talk_and_withdraw,
        talk_and_revise,
        talk_and_deliver,
        talk_and_ask,
        ask_and_revoke,
        ask_and_rename_the_gateway,
        ask_and_retire_the_gateway,
        ask_and_accept_an_address,
        accept_an_address_and_rename_the_gateway,
        ask_and_rename_the_person,
    ],
)
def test_what_refers_to_a_row_and_what_changes_it_never_deadlock(
    desk: Desk, pair: Callable[[Desk], tuple[Act, Act]]
) -> None:
    assert one_after_the_other(*pair(desk)) == []

    assert list(problems()) == []


def test_a_rule_is_removed_when_nobody_judges_by_it(desk: Desk) -> None:
    rule = DriftRule(gateway=desk.gateway, kind="route", reason="Built nightly.")
    admin = present(desk.people.admin)
    add_rule(rule, actor=admin)

    def remove() -> None:
        try:
            remove_rule(rule, actor=admin)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # What a scan holds while it judges.
            Gateway.objects.locked().get()
            removed = pool.submit(remove)
            eventually(lambda: waiting() == 1, "the removal waits")
            assert DriftRule.objects.exists()
        removed.result(LONG)
    assert not DriftRule.objects.exists()


def test_no_lock_keeps_out_what_only_refers_to_its_row() -> None:
    """Save the ledger's head: nothing refers to it."""
    found = [
        file.name
        for file in [*Path("portal").rglob("*.py"), *Path("gateway").rglob("*.py")]
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "select_for_update"
        and "no_key" not in {word.arg for word in node.keywords}
        and ast.unparse(node.func) != "LedgerHead.objects.select_for_update"
    ]

    assert found == []
