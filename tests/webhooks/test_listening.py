"""Who may have others told of what happens, and how it is written down."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway import rotation, sealing
from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed, NotPresent, NotVisible
from portal.accounts.roles import Role
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.webhooks.errors import Malformed, WrongState
from portal.webhooks.listening import (
    make_webhook,
    pause,
    remove,
    resume,
    send_again,
    send_test,
)
from portal.webhooks.models import Message, Webhook
from tests.actors import present, program
from tests.factories import Cast, make_gateway, make_person

pytestmark = pytest.mark.django_db
Listen = Callable[..., Webhook]
SECRET_URL = "https://hooks.example.com/services/T0/B0/very-secret?token=1"


def events() -> list[str]:
    names = AuditEvent.objects.order_by("number").values_list("event", flat=True)
    return [name for name in names if name.startswith("webhook.")]


def test_it_is_made_recorded_and_its_address_sealed(
    people: Cast, listen: Listen
) -> None:
    webhook = listen(SECRET_URL, form="slack")

    assert webhook.address == SECRET_URL
    assert webhook.shown_address == "https://hooks.example.com/…"
    assert b"very-secret" not in bytes(webhook.address_sealed)
    event = AuditEvent.objects.get()
    assert (event.event, event.actor) == ("webhook.made", "admin")
    assert "very-secret" not in str(event.details)
    assert list(problems()) == []


def test_only_the_signed_form_has_a_secret_and_it_is_sealed(
    people: Cast, listen: Listen
) -> None:
    webhook, secret = make_webhook(
        actor=present(people.admin),
        gateway=None,
        name="CI",
        form="standard",
        address="https://ci.example.com",
        events=["change.applied"],
    )

    assert secret.startswith("whsec_")
    assert webhook.secret
    assert webhook.secret not in bytes(webhook.secret_sealed or b"")
    assert listen(form="slack").secret_sealed is None
    assert secret not in str(AuditEvent.objects.values_list("details", flat=True))


def test_keys_are_rotated_with_all_others(listen: Listen, settings: Any) -> None:
    webhook, old = listen(SECRET_URL), settings.FIELD_ENCRYPTION_KEY
    new = "bmV3LWtleS1mb3ItdGhlLXRlc3Qtb25seS0wMTIzNDU="
    settings.FIELD_ENCRYPTION_KEY = f"{new},{old}"

    rotation.rotate()

    settings.FIELD_ENCRYPTION_KEY = new
    webhook.refresh_from_db()
    assert webhook.address == SECRET_URL
    assert len(webhook.secret) == 32
    assert sealing.key_fingerprints()


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 81}),
        ("form", {"form": "carrier pigeon"}),
        ("address", {"address": "ftp://example.com"}),
        ("address", {"address": "https://user:pass@example.com"}),
        ("address", {"address": "https://" + "x" * 2_000 + ".example.com"}),
        ("address", {"address": "nobody", "form": "mail"}),
        ("events", {"events": []}),
        ("events", {"events": ["change.drafted"]}),
        ("events", {"events": ["person.flew_away"]}),
    ],
)
def test_what_makes_no_sense_names_its_field(
    listen: Listen, field: str, values: dict[str, Any]
) -> None:
    with pytest.raises(Malformed) as error:
        listen(**({"address": "https://a.example.com"} | values))

    assert error.value.field == field
    assert not Webhook.objects.exists()
    assert not AuditEvent.objects.exists()


def test_only_administrators_of_what_it_reaches_make_one(
    people: Cast, listen: Listen
) -> None:
    gateway, other = make_gateway("ours"), make_gateway("theirs")
    ruler = make_person("ruler", Role.ADMINISTRATOR, gateway=gateway)

    assert listen(actor=present(ruler), gateway=gateway).reach == "gateway ours"
    for actor, where in (
        (present(ruler), None),
        (present(ruler), other),
        (present(people.omar), gateway),
        (present(people.audrey), None),
    ):
        with pytest.raises((NotAllowed, NotVisible)):
            listen(actor=actor, gateway=where)
    assert Webhook.objects.count() == 1


def test_no_program_touches_one(people: Cast, listen: Listen) -> None:
    webhook = listen()
    message = Message.objects.create(webhook=webhook, key="m", type="test", content={})
    actors: list[Actor] = [program(people.admin), Actor.system("x")]

    for actor in actors:
        with pytest.raises((NotPresent, NotAllowed)):
            listen(actor=actor)
        for operation in (pause, resume, remove, send_test):
            with pytest.raises((NotPresent, NotAllowed)):
                operation(webhook, actor=actor)
        with pytest.raises((NotPresent, NotAllowed)):
            send_again(message, actor=actor)
    assert events() == ["webhook.made"]


def test_it_is_paused_and_resumed_once_each(people: Cast, listen: Listen) -> None:
    webhook, admin = listen(), present(people.admin)

    for _ in range(2):
        assert pause(webhook, actor=admin).paused_at
    with pytest.raises(WrongState):
        send_test(webhook, actor=admin)
    for _ in range(2):
        assert resume(webhook, actor=admin).paused_at is None

    assert events() == ["webhook.made", "webhook.paused", "webhook.resumed"]


def test_a_removed_one_forgets_its_secrets(people: Cast, listen: Listen) -> None:
    webhook, admin = listen(SECRET_URL), present(people.admin)

    for _ in range(2):
        remove(webhook, actor=admin)

    webhook.refresh_from_db()
    assert webhook.removed_at
    assert (webhook.address, webhook.secret) == ("", b"")
    assert events() == ["webhook.made", "webhook.removed"]
    for operation in (pause, resume, send_test):
        with pytest.raises(WrongState):
            operation(webhook, actor=admin)


def test_only_what_does_not_wait_is_sent_again(people: Cast, listen: Listen) -> None:
    message = send_test(listen(), actor=present(people.admin))

    with pytest.raises(WrongState):
        send_again(message, actor=present(people.admin))

    Message.objects.update(state="given_up", tries=9)
    again = send_again(message, actor=present(people.admin))
    assert (again.state, again.tries, again.key) == ("waiting", 0, message.key)
