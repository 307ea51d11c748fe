"""The pages of webhooks: who sees them, what they say, what they never show."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.roles import Role
from portal.webhooks.listening import make_webhook, send_test
from portal.webhooks.models import Message, Try, Webhook
from tests.actors import present
from tests.factories import Cast, make_gateway, make_person
from tests.web.conftest import sign_in

As = Callable[[str], Client]
SECRET_URL = "https://hooks.example.com/services/very-secret"
FORM = {
    "name": "Team chat",
    "form": "standard",
    "address": SECRET_URL,
    "gateway": "*",
    "events": ["change.submitted", "change.applied"],
}


@pytest.fixture
def webhook(people: Cast) -> Webhook:
    return make_webhook(
        actor=present(people.admin),
        gateway=None,
        name="Team <b>chat</b>",
        form="standard",
        address=SECRET_URL,
        events=["change.submitted"],
    )[0]


def text(response: Any) -> str:
    return str(response.content.decode())


def test_one_is_made_and_its_secret_shown_this_once(as_: As) -> None:
    admin = as_("admin")

    page = text(admin.post("/webhooks/", FORM))

    webhook = Webhook.objects.get()
    assert webhook.events == ["change.applied", "change.submitted"]
    secret = re.search(r'id="secret">(whsec_[^<]+)<', page)
    assert secret
    for path in ("/webhooks/", webhook.get_absolute_url(), "/audit/", "/admin/"):
        other = text(admin.get(path))
        assert secret[1] not in other
        assert "very-secret" not in other
    assert "https://hooks.example.com/…" in text(admin.get("/webhooks/"))


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    as_: As,
) -> None:
    response = as_("admin").post(
        "/webhooks/", FORM | {"address": "ftp://nowhere", "events": []}
    )

    page = text(response)
    assert response.status_code == 400
    assert "Choose at least one event." in page
    assert 'value="Team chat"' in page
    assert 'value="ftp://nowhere"' in page
    response = as_("admin").post("/webhooks/", FORM | {"address": "ftp://nowhere"})
    assert "begins with https://" in text(response)
    assert not Webhook.objects.exists()


def test_who_may_only_see_gets_no_controls_and_others_no_page(
    as_: As, webhook: Webhook
) -> None:
    path = webhook.get_absolute_url()
    auditor = as_("audrey")

    assert "New webhook" not in text(auditor.get("/webhooks/"))
    assert "<button" not in text(auditor.get(path)).partition("<main")[2]
    assert auditor.post("/webhooks/", FORM).status_code == 403
    assert auditor.post(f"{path}pause/").status_code == 403
    for name in ("alice", "riley", "omar"):
        assert as_(name).get("/webhooks/").status_code == 403
        assert as_(name).get(path).status_code == 404
        assert as_(name).post(f"{path}remove/").status_code == 404
        assert "webhooks" not in text(as_(name).get("/gateways/"))
    assert 'href="/webhooks/"' in text(as_("admin").get("/gateways/"))
    webhook.refresh_from_db()
    assert (webhook.paused_at, webhook.removed_at) == (None, None)


def test_an_administrator_of_one_gateway_sees_and_makes_its_own(
    people: Cast, webhook: Webhook
) -> None:
    ours = make_gateway("ours")
    ruler = sign_in(make_person("ruler", Role.ADMINISTRATOR, gateway=ours))

    page = text(ruler.get("/webhooks/"))
    assert "all gateways" not in page
    assert ruler.get(webhook.get_absolute_url()).status_code == 404
    assert ruler.post("/webhooks/", FORM).status_code == 400
    assert ruler.post("/webhooks/", FORM | {"gateway": "ours"}).status_code == 200
    assert Webhook.objects.get(gateway=ours).name == "Team chat"


def test_the_page_of_one_tells_its_messages_and_tries(
    people: Cast, as_: As, webhook: Webhook
) -> None:
    message = send_test(webhook, actor=present(people.admin))
    Try.objects.create(
        message=message,
        at=timezone.now(),
        status=503,
        words="It answered 503.",
        milliseconds=7,
    )
    Message.objects.update(state="given_up")
    admin = as_("admin")

    page = text(admin.get(webhook.get_absolute_url()))
    assert "Team &lt;b&gt;chat&lt;/b&gt;" in page
    assert "admin tries out this webhook" in page
    assert "It answered 503." in page
    assert "Send again" in page

    again = f"{webhook.get_absolute_url()}messages/{message.pk}/again/"
    assert admin.post(again).status_code == 302
    message.refresh_from_db()
    assert message.state == "waiting"
    assert admin.post(again).status_code == 409


def test_it_is_tried_paused_resumed_and_removed(as_: As, webhook: Webhook) -> None:
    admin, path = as_("admin"), webhook.get_absolute_url()

    assert "A test is on its way." in text(admin.post(f"{path}test/", follow=True))
    assert "Paused" in text(admin.post(f"{path}pause/", follow=True))
    assert admin.post(f"{path}test/").status_code == 409
    assert "Listening" in text(admin.post(f"{path}resume/", follow=True))
    page = text(admin.post(f"{path}remove/", follow=True))
    assert "Nobody is told yet" in page
    assert admin.get(path).status_code == 404


def test_the_pages_cost_a_fixed_number_of_queries(
    people: Cast,
    as_: As,
    webhook: Webhook,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(5):
        send_test(webhook, actor=present(people.admin))
    admin = as_("admin")

    with django_assert_max_num_queries(12):
        admin.get("/webhooks/")
    with django_assert_max_num_queries(12):
        admin.get(webhook.get_absolute_url())
