"""What migrations make of rows that are there already."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from portal.changes.models import ChangeRequest, ChangeWord
from portal.changes.propose import draft, revise
from portal.changes.review import withdraw
from tests.actors import present
from tests.changes.conftest import Desk
from tests.changes.delivering import route

pytestmark = pytest.mark.django_db


def test_what_was_ever_sent_is_told_from_what_was_not(desk: Desk) -> None:
    alice = present(desk.people.alice)
    asked = [desk.asked(route(f"r{n}")) for n in range(3)]
    kept, thrown_away, sent = (draft(one, actor=alice).change for one in asked)
    withdraw(thrown_away, actor=alice)
    revise(sent, asked[2], actor=alice)
    sent.refresh_from_db()
    withdraw(sent, actor=alice)
    filed = desk.create()
    ChangeRequest.objects.update(submitted_at=None)

    module = import_module("portal.changes.migrations.0010_fill_submitted_at")
    module.fill(apps, connection.schema_editor())

    filled = ChangeRequest.objects.exclude(submitted_at=None)
    assert set(filled.values_list("pk", flat=True)) == {sent.pk, filed.pk}
    assert filed.created_at == filled.get(pk=filed.pk).submitted_at
    assert kept.pk not in filled.values_list("pk", flat=True)


def test_changes_that_were_there_are_found_as_new_ones_are(desk: Desk) -> None:
    desk.ask(route("r1", hosts=["shop.example.com"]), title="Sell “cheap” things")
    filed = {(bytes(one.word), one.change_id) for one in ChangeWord.objects.all()}
    ChangeWord.objects.all().delete()

    import_module("portal.changes.migrations.0019_fill_change_words").fill(apps, None)

    now = {(bytes(one.word), one.change_id) for one in ChangeWord.objects.all()}
    assert now == filed
