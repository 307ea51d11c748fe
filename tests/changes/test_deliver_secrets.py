"""Secrets go to the gateway and nowhere else: no row, no word, no line of a log."""

import json
from collections.abc import Iterator

import pytest
from django.apps import apps

from portal.changes.models import ChangeRequest, Step
from portal.changes.states import State
from tests.changes.conftest import Desk
from tests.changes.delivering import (
    approved,
    creates,
    fronted,
    time_passes,
    updates,
    upstream,
)
from tests.gateway.evil import http

pytestmark = pytest.mark.django_db

KEY = "kaleidoscope-9f8e7d"
OTHER = "umbrella-1a2b3c-long"


def everything_stored() -> Iterator[str]:
    """Every readable value of every row; what is sealed cannot be read."""
    for model in apps.get_models():
        for row in model.objects.all().values_list():
            for value in row:
                if not isinstance(value, bytes | memoryview):
                    yield json.dumps(value, default=str, ensure_ascii=False)


def is_told(secret: str, *texts: str) -> bool:
    return any(secret in text for text in [*everything_stored(), *texts])


def asked(desk: Desk) -> ChangeRequest:
    """A consumer whose secret changes, and a route with another one."""
    desk.sandbox.put(
        "consumer",
        "jack",
        {"username": "jack", "plugins": {"key-auth": {"key": OTHER}}},
    )
    return approved(
        desk,
        updates("consumer", "jack", plugins={"key-auth": {"key": KEY}}),
        creates(
            "route",
            "r",
            uri="/r",
            upstream=upstream(),
            plugins={
                "openid-connect": {
                    "client_id": "x",
                    "bearer_only": True,
                    "client_secret": OTHER,
                    "discovery": "http://127.0.0.1:1/d",
                }
            },
        ),
    )


def test_the_gateway_gets_them_whole(desk: Desk) -> None:
    change = asked(desk)

    desk.deliver(change)

    assert change.state == State.APPLIED
    assert desk.live("jack", "consumer")["plugins"]["key-auth"]["key"] == KEY
    assert desk.live("r")["plugins"]["openid-connect"]["client_secret"] == OTHER


def test_a_delivery_tells_nobody(
    desk: Desk,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    change = asked(desk)

    with caplog.at_level("DEBUG"):
        desk.deliver(change)

    assert change.state == State.APPLIED
    printed = "".join(capfd.readouterr())
    for secret in (KEY, OTHER):
        assert not is_told(secret, caplog.text, printed)
    shown = [step.sent for step in Step.objects.filter(kind="write")]
    assert "redacted:" in json.dumps(shown)


@pytest.mark.parametrize("status", [400, 503, 200])
def test_a_gateway_that_repeats_them_is_not_quoted(
    desk: Desk,
    status: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Some proxy before the gateway answers each write with what was sent."""

    def repeat(method: str, path: str, body: bytes) -> bytes | None:
        if method != "PUT":
            return None
        words = f"cannot do it now: {body.decode()}"
        return http(status, json.dumps({"error_msg": words}).encode())

    with fronted(desk, repeat), caplog.at_level("DEBUG"):
        change = asked(desk)
        desk.deliver(change)
        time_passes(change)
        desk.deliver(change)

    step = Step.objects.filter(kind="write")[0]
    assert "cannot do it now" in step.words or status == 200
    printed = "".join(capfd.readouterr())
    for secret in (KEY, OTHER):
        assert not is_told(secret, caplog.text, printed)
