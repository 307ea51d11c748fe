"""Every role at every address of the back office: what the table of roles says, no more.

Expected is worked out from `ALLOWED` and tests/permission_back_office.py alone.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from gateway.fingerprint import fingerprint_key
from portal.accounts.models import Person
from tests.every_row import make_every_row
from tests.factories import make_cast, make_gateway
from tests.permission_back_office import BACK_OFFICE
from tests.permission_roles import (
    EVERYBODY,
    FORGED,
    PEOPLE,
    REFUSED,
    SUPER,
    allowed,
    browser_of,
    come,
    is_sent_to_sign_in,
    judge,
    judged,
    send,
    shared_rows,
)
from tests.permission_table import STRANGER, Anyone, Need

MODELS = {model._meta.label: model for model in admin.site._registry}
DELETE = "delete_selected"
NOTHING_DONE = "No action selected."


class Desk:
    """A row of every model, and everybody, as staff where they can be."""

    def __init__(self) -> None:
        self.staff = {who: come(who, is_staff=True) for who in EVERYBODY}
        cast = make_cast()
        make_every_row(cast, make_gateway(admin_url="http://127.0.0.1:1"))
        browser_of(cast.alice)
        self.rows = {
            label: model._default_manager.earliest("pk")
            for label, model in MODELS.items()
        }

    def browser_of(self, who: str) -> Client:
        return Client() if who == STRANGER else browser_of(self.staff[who])

    def address(self, label: str, view: str) -> str:
        meta = MODELS[label]._meta
        args = () if view in ("changelist", "add") else (self.rows[label].pk,)
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_{view}", args=args)

    def asked(self, label: str) -> Iterator[tuple[str, str, Need]]:
        """Yield (method, view, what it needs) for each address of a model's rows."""
        declared = BACK_OFFICE[label]
        for view in ("changelist", "change"):
            yield "GET", view, declared.see
        for view in ("add", "change"):
            yield "POST", view, declared.write
        yield "POST", "delete", Anyone.NOBODY


@pytest.fixture(scope="module")
def desk(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Desk]:
    with shared_rows(django_db_blocker):
        yield Desk()
    fingerprint_key.cache_clear()


def test_every_model_and_every_action_is_declared() -> None:
    actions = {
        label: set(admin.site._registry[model].actions or ())
        for label, model in MODELS.items()
    }

    assert actions == {label: {*rows.actions} for label, rows in BACK_OFFICE.items()}


def posted(client: Client, address: str, **fields: Any) -> HttpResponse:
    return send(
        client,
        "POST",
        address,
        data="&".join(f"{name}={value}" for name, value in fields.items()),
        content_type="application/x-www-form-urlencoded",
    )


@pytest.mark.parametrize("who", PEOPLE)
def test_staff_get_where_the_table_says(desk: Desk, who: str) -> None:
    client, wrong = desk.browser_of(who), []
    assert client.get("/admin/").status_code == 200

    for label in MODELS:
        for method, view, need in desk.asked(label):
            address = desk.address(label, view)
            answer = (
                send(client, "GET", address)
                if method == "GET"
                else posted(client, address, post="yes")
            )
            if words := judge(answer, let_in=allowed(need, who)):
                wrong.append(f"{method} {label} {view}: {words}")
    assert not wrong, "\n".join([who, *wrong])


@pytest.mark.parametrize("who", PEOPLE)
def test_staff_act_on_rows_as_the_table_says(desk: Desk, who: str) -> None:
    client, wrong = desk.browser_of(who), []

    for label, declared in BACK_OFFICE.items():
        if not declared.actions:
            continue
        for act, need in {**declared.actions, DELETE: Anyone.NOBODY}.items():
            client.cookies.pop("messages", None)
            answer = posted(
                client,
                desk.address(label, "changelist"),
                action=act,
                _selected_action=desk.rows[label].pk,
                index="0",
                post="yes",
            )
            said = [str(one) for one in get_messages(answer.wsgi_request)]
            # Of each row is said what became of it, be it that it cannot be.
            acted = answer.status_code not in REFUSED and {*said} - {NOTHING_DONE}
            if words := judged(
                f"{answer.status_code} {said}",
                was_let_in=bool(acted),
                let_in=allowed(need, who),
            ):
                wrong.append(f"{label} {act}: {words}")
    assert not wrong, "\n".join([who, *wrong])


@pytest.mark.parametrize("who", [STRANGER, FORGED])
def test_whoever_is_not_signed_in_is_sent_to_sign_in(desk: Desk, who: str) -> None:
    """Nor is a service account ever, even if a session should say so."""
    client, wrong = desk.browser_of(who), []

    for label in MODELS:
        for method, view, _ in desk.asked(label):
            answer = send(client, method, desk.address(label, view))
            if not is_sent_to_sign_in(answer):
                wrong.append(f"{method} {label} {view}: {answer.status_code}")
    assert not wrong, "\n".join([who, *wrong])


@pytest.mark.parametrize("who", PEOPLE)
def test_who_is_not_staff_gets_nowhere(desk: Desk, who: str) -> None:
    staff, wrong = Person.objects.filter(pk=desk.staff[who].pk), []
    client = desk.browser_of(who)
    staff.update(is_staff=False)

    # What no superuser opens, nobody does.
    for label in MODELS if who == SUPER else ():
        answer = send(client, "GET", desk.address(label, "changelist"))
        if words := judge(answer, let_in=False):
            wrong.append(f"{label}: {words}")
    refused = client.get("/admin/", follow=True).status_code

    staff.update(is_staff=True)
    assert refused == 403
    assert not wrong, "\n".join([who, *wrong])
