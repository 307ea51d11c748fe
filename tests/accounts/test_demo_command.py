"""The demo's people: made once, with a password and a token that are told once."""

import json

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from pytest_django import Settings

from portal.accounts.models import ApiToken, Person
from portal.accounts.tokens import find_token
from portal.audit.models import AuditEvent

pytestmark = pytest.mark.django_db
CAST = ["admin", "alice", "audrey", "omar", "riley"]


@pytest.fixture(autouse=True)
def demo(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO = True
    for name in ("DEMO_PASSWORD", "DEMO_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def provide(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    call_command("demo")
    told: dict[str, str] = json.loads(capsys.readouterr().out)
    return told


def test_the_first_start_tells_what_opens_the_desk(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = provide(capsys)
    people = Person.objects.order_by("username").values_list("username", flat=True)
    assert list(people) == CAST
    for name in CAST:
        assert authenticate(username=name, password=told["password"])
    token = find_token(told["token"])
    assert token is not None
    assert token.person.username == "alice"


def test_each_desk_has_its_own_password_and_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = provide(capsys)
    ApiToken.objects.all().delete()
    Person.objects.all().delete()
    second = provide(capsys)
    assert first["password"] != second["password"]
    assert first["token"] != second["token"]


def test_a_second_start_makes_nothing_and_knows_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    provide(capsys)
    before = list(Person.objects.values()), list(ApiToken.objects.values())
    events = AuditEvent.objects.count()
    assert provide(capsys) == {"password": "", "token": ""}
    assert (list(Person.objects.values()), list(ApiToken.objects.values())) == before
    assert AuditEvent.objects.count() == events


def test_password_and_token_can_be_fixed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fixed = {"password": "a-fixed-password", "token": "gatehouse_fixed-0123456789"}
    monkeypatch.setenv("DEMO_PASSWORD", fixed["password"])
    monkeypatch.setenv("DEMO_TOKEN", fixed["token"])
    for _ in range(2):
        assert provide(capsys) == fixed
    assert ApiToken.objects.count() == 1
    assert find_token(fixed["token"]) is not None


def test_a_password_fixed_later_is_not_told_as_if_it_were_valid(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    provide(capsys)
    monkeypatch.setenv("DEMO_PASSWORD", "fixed-too-late")
    assert provide(capsys)["password"] == ""
    assert authenticate(username="alice", password="fixed-too-late") is None


def test_outside_the_demo_nobody_is_made(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO = False
    with pytest.raises(ImproperlyConfigured, match="make run"):
        call_command("demo")
    assert not Person.objects.exists()
