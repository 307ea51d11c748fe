"""Personal tokens: shown once, stored hashed, ended by time or by hand."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal.accounts.errors import NotAllowed, NotPresent, NotVisible
from portal.accounts.models import ApiToken, Person, Scope
from portal.accounts.tokens import create_token, find_token, revoke_token
from portal.audit.models import AuditEvent
from tests.actors import present, program
from tests.factories import make_person, make_token

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_token_is_found_by_its_secret_and_stored_without_it() -> None:
    alice = make_person("alice")

    token, secret = create_token(
        actor=present(alice), name="ChatGPT", scopes=[Scope.READ], days=30
    )

    assert find_token(secret) == token
    row = ApiToken.objects.values().get()
    assert secret not in str(row)
    assert AuditEvent.objects.get().event == "token.created"
    assert secret not in str(AuditEvent.objects.values().get())


def test_an_expired_token_is_not_found() -> None:
    alice = make_person("alice")
    with time_machine.travel(NOW, tick=False):
        _, secret = create_token(
            actor=present(alice), name="x", scopes=[Scope.READ], days=1
        )
        assert find_token(secret) is not None

    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert find_token(secret) is None


def test_a_revoked_token_is_not_found_and_revoking_twice_records_once() -> None:
    alice = make_person("alice")
    token, secret = make_token(alice)

    revoke_token(token.pk, actor=present(alice))
    revoke_token(token.pk, actor=present(alice))

    assert find_token(secret) is None
    assert AuditEvent.objects.filter(event="token.revoked").count() == 1


def test_a_token_of_somebody_inactive_is_not_found() -> None:
    alice = make_person("alice")
    _, secret = make_token(alice)
    Person.objects.filter(pk=alice.pk).update(is_active=False)

    assert find_token(secret) is None


def test_a_token_cannot_make_or_revoke_tokens() -> None:
    alice = make_person("alice")
    client = program(alice)

    with pytest.raises(NotPresent):
        create_token(actor=client, name="x", scopes=[Scope.READ], days=1)
    with pytest.raises(NotPresent):
        revoke_token(client.token.pk, actor=client)

    assert ApiToken.objects.count() == 1
    assert ApiToken.objects.get().revoked_at is None


def test_somebody_elses_token_is_not_revoked() -> None:
    token, secret = make_token(make_person("alice"))

    with pytest.raises(NotVisible):
        revoke_token(token.pk, actor=present(make_person("mallory")))

    assert find_token(secret) is not None


@pytest.mark.parametrize("scopes", [[], ["changes:approve"], ["gateway:read", "admin"]])
def test_a_scope_that_does_not_exist_is_refused(scopes: list[str]) -> None:
    with pytest.raises(NotAllowed):
        create_token(actor=present(make_person()), name="x", scopes=scopes, days=1)

    assert not ApiToken.objects.exists()


def test_last_use_is_written_at_most_once_a_minute() -> None:
    _, secret = make_token(make_person(), days=None)
    with time_machine.travel(NOW, tick=False):
        find_token(secret)
    with time_machine.travel(NOW + timedelta(seconds=30), tick=False):
        find_token(secret)

    assert ApiToken.objects.get().last_used_at == NOW
