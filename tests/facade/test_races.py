"""Writes of one program at the same moment all land, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from portal.audit.ledger import problems
from portal.changes.models import ChangeRequest, Gathering, Item
from portal.changes.tasks import submit_one
from tests.facade.conftest import UPSTREAM, Desk, Program, body_of

Act = Callable[[], Any]


def race(*acts: Act) -> list[Any]:
    def run(act: Act) -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture(autouse=True)
def the_ledger_holds(db: None) -> Any:
    yield
    assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
@pytest.mark.parametrize("attempt", range(2))
class TestAtTheSameMoment:
    @pytest.fixture(autouse=True)
    def database(self, each_database: str) -> str:
        return each_database

    def test_first_writes_open_one_draft(
        self, desk: Desk, alice: Program, attempt: int
    ) -> None:
        answers = race(
            *(lambda n=n: alice.put(f"/upstreams/u{n}", UPSTREAM) for n in range(5))
        )

        numbers = {body_of(one, 202)["change"]["number"] for one in answers}
        assert len(numbers) == 1
        assert sorted(Item.objects.values_list("resource_id", flat=True)) == [
            f"u{n}" for n in range(5)
        ]
        assert sorted(Item.objects.values_list("position", flat=True)) == [*range(5)]

    def test_patches_of_one_resource_all_stay(
        self, desk: Desk, alice: Program, attempt: int
    ) -> None:
        desk.sandbox.put("upstream", "u1", UPSTREAM)
        fields = {"retries": 2, "desc": "d", "name": "n", "retry_timeout": 3}

        answers = race(
            *(
                lambda k=k, v=v: alice.patch("/upstreams/u1", {k: v})
                for k, v in fields.items()
            )
        )

        assert {one.status_code for one in answers} == {202}
        assert Item.objects.get().wanted | fields == Item.objects.get().wanted

    def test_a_write_while_the_draft_is_submitted_is_not_lost(
        self, desk: Desk, alice: Program, attempt: int
    ) -> None:
        alice.put("/upstreams/u1", UPSTREAM)
        Gathering.objects.update(due_at=timezone.now())
        [number] = Gathering.objects.values_list("pk", flat=True)

        written, _, _ = race(
            lambda: alice.put("/upstreams/u2", UPSTREAM),
            lambda: submit_one(number),
            lambda: submit_one(number),
        )

        change = ChangeRequest.objects.get(
            number=body_of(written, 202)["change"]["number"]
        )
        wanted = change.latest_revision().items.values_list("resource_id", flat=True)
        assert "u2" in wanted
        desk.quiet()
        asked = {
            resource_id
            for one in ChangeRequest.objects.in_review()
            for resource_id in one.latest_revision().items.values_list(
                "resource_id", flat=True
            )
        }
        assert asked == {"u1", "u2"}

    def test_both_submit(self, desk: Desk, alice: Program, attempt: int) -> None:
        alice.put("/upstreams/u1", UPSTREAM)
        Gathering.objects.update(due_at=timezone.now())
        [number] = Gathering.objects.values_list("pk", flat=True)

        race(alice.submit, lambda: submit_one(number), lambda: submit_one(number))

        change = desk.the_change()
        assert change.state == "in_review"
        assert change.revisions.count() == 2
