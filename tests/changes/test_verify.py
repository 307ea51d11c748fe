"""What a read proves, and what it cannot prove."""

from typing import Any

import pytest

from gateway.schemas import Schemas
from portal.changes.asked import ItemAsked
from portal.changes.models import Position, Step
from portal.changes.states import State
from portal.changes.verify import cannot_be_read_back, equal, position
from tests.certificates import self_signed
from tests.changes.conftest import Desk

NOW = Schemas(version="3.18.0", kinds={}, plugins={})


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    """A certificate and its private key, as PEM."""
    return self_signed("client.example.com").pems


def test_a_document_is_wanted_base_or_something_else() -> None:
    def seen(live: dict[str, Any] | None) -> Position:
        return position(
            "route", live, base={"uri": "/a"}, wanted={"uri": "/b"}, schemas=NOW
        )

    assert seen({"uri": "/b", "create_time": 1}) is Position.WANTED
    assert seen({"uri": "/a", "update_time": 2}) is Position.BASE
    assert seen({"uri": "/c"}) is Position.MOVED
    assert seen(None) is Position.MOVED


def test_what_is_not_there_equals_only_what_is_not_there() -> None:
    assert equal("route", None, None, NOW)
    assert not equal("route", None, {}, NOW)


def test_a_key_that_get_never_shows_is_no_difference_and_no_proof() -> None:
    read, wanted = {"cert": "c", "sni": "a"}, {"cert": "c", "key": "k", "sni": "a"}

    assert equal("ssl", read, wanted, NOW)
    assert not equal("ssl", read | {"cert": "d"}, wanted, NOW)
    assert cannot_be_read_back("ssl", wanted)


def test_a_client_key_proves_something_only_where_it_was_there_before() -> None:
    def upstream(key: str) -> dict[str, Any]:
        return {"nodes": {"a:1": 1}, "tls": {"client_cert": "c", "client_key": key}}

    assert equal("upstream", upstream("encrypted"), upstream("plain"), NOW)
    assert not equal("upstream", {"nodes": {"a:1": 1}}, upstream("plain"), NOW)
    assert cannot_be_read_back("upstream", upstream("new"), upstream("encrypted"))
    assert not cannot_be_read_back(
        "upstream", upstream("encrypted"), upstream("encrypted")
    )


@pytest.mark.django_db
def test_an_upstream_with_a_client_key_is_delivered_and_updated(
    desk: Desk, pair: tuple[str, str]
) -> None:
    certificate, key = pair
    created = desk.applied(
        ItemAsked(
            action="create",
            kind="upstream",
            id="u1",
            document={
                "scheme": "https",
                "nodes": {"127.0.0.1:1": 1},
                "tls": {"client_cert": certificate, "client_key": key},
            },
        )
    )
    assert created.state == State.APPLIED, created.latest_revision().delivery.outcome

    updated = desk.applied(
        ItemAsked(action="update", kind="upstream", id="u1", document={"desc": "kept"})
    )

    assert updated.state == State.APPLIED, updated.latest_revision().delivery.outcome
    live = desk.live("u1", "upstream")
    assert live["desc"] == "kept"
    assert live["tls"]["client_cert"] == certificate
    assert key not in str(list(Step.objects.values()))


@pytest.mark.django_db
def test_a_certificate_is_always_written_and_its_key_never_shown(
    desk: Desk, pair: tuple[str, str]
) -> None:
    certificate, key = pair
    document = {"snis": ["shop.example.com"], "cert": certificate, "key": key}
    create = ItemAsked(action="create", kind="ssl", id="c1", document=document)
    assert desk.applied(create).state == State.APPLIED
    desk.sandbox.forget_requests()

    again = desk.applied(
        ItemAsked(action="update", kind="ssl", id="c1", document=document, replace=True)
    )

    assert again.state == State.APPLIED
    assert [request["method"] for request in desk.writes()] == ["PUT"]
    assert "irreversible" in {f["code"] for f in again.latest_revision().findings}
    assert key not in str(list(Step.objects.values()))
