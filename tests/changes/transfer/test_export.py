"""Writing a gateway into a file: who gets which secrets, and what is recorded."""

import pytest

from portal.accounts.errors import NotAllowed, NotPresent, NotVisible
from portal.accounts.models import Membership
from portal.audit.models import AuditEvent
from portal.changes.asked import ItemAsked
from portal.changes.errors import GatewayDown, Malformed
from portal.changes.transfer.export import export
from portal.changes.transfer.formats import Format, Secrets
from tests.actors import present, program
from tests.certificates import self_signed
from tests.changes.conftest import Desk, refused
from tests.factories import make_person

pytestmark = pytest.mark.django_db

SECRET = "jacks-secret-key"
JACK = {"username": "jack", "plugins": {"key-auth": {"key": SECRET}}}


def exported(desk: Desk, secrets: Secrets, who: str = "admin") -> str:
    return export(
        desk.gateway,
        format=Format.APISIX,
        secrets=secrets,
        actor=present(getattr(desk.people, who)),
    ).text


def test_an_administrator_who_is_present_gets_secrets_in_clear_on_record(
    desk: Desk,
) -> None:
    desk.sandbox.put("consumer", "jack", JACK)

    assert SECRET in exported(desk, Secrets.CLEAR)

    event = AuditEvent.objects.get()
    assert (event.event, event.details["secrets"]) == ("gateway.exported", "clear")


@pytest.mark.parametrize("who", ["alice", "riley", "omar", "audrey"])
def test_nobody_else_gets_them(desk: Desk, who: str) -> None:
    desk.sandbox.put("consumer", "jack", JACK)

    refused(NotAllowed, lambda: exported(desk, Secrets.CLEAR, who))
    assert SECRET not in exported(desk, Secrets.LEFT_OUT, who)


def test_no_program_gets_them(desk: Desk) -> None:
    refused(
        NotPresent,
        lambda: export(
            desk.gateway,
            format=Format.ADC,
            secrets=Secrets.CLEAR,
            actor=program(desk.people.admin),
        ),
    )


def test_a_stranger_sees_nothing(desk: Desk) -> None:
    stranger = make_person("stranger")
    assert not Membership.objects.filter(person=stranger).exists()

    refused(
        NotVisible,
        lambda: export(
            desk.gateway,
            format=Format.ADC,
            secrets=Secrets.LEFT_OUT,
            actor=present(stranger),
        ),
    )


def test_a_format_holds_secrets_in_its_own_way_only(desk: Desk) -> None:
    refused(Malformed, lambda: exported(desk, Secrets.SEALED))


def test_a_gateway_that_is_down_is_told(desk: Desk) -> None:
    desk.sandbox.stop()
    try:
        refused(GatewayDown, lambda: exported(desk, Secrets.CLEAR))
    finally:
        desk.sandbox.start()


def test_the_key_of_a_certificate_that_was_set_from_here_comes_along(
    desk: Desk,
) -> None:
    cert, key = self_signed("api.example.com").pems
    document = {"snis": ["api.example.com"], "cert": cert, "key": key}
    desk.applied(
        ItemAsked(action="create", kind="ssl", id="ours", document=dict(document))
    )
    desk.sandbox.put("ssl", "theirs", document)

    text = exported(desk, Secrets.CLEAR)

    assert text.count("PRIVATE KEY-----") == 2  # begins and ends once
    assert "add it as key: ssl certificate theirs" in text
    assert "PRIVATE KEY" not in exported(desk, Secrets.LEFT_OUT)
