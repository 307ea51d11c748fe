"""The gateway `default` is made once, follows the sandbox, and is people's otherwise."""

from typing import Any

import pytest
from django.utils import timezone

from gateway.models import Gateway, Resource
from portal.accounts.first_gateway import Unusable, provide_first_gateway
from portal.audit.models import AuditEvent
from tests.factories import make_change, make_person

pytestmark = pytest.mark.django_db

SANDBOX: dict[str, Any] = {
    "admin_url": "http://127.0.0.1:9180",
    "admin_key": "key-of-the-sandbox",
    "public_url": "http://127.0.0.1:9080",
    "control_url": "http://127.0.0.1:9090",
    "environment": "sandbox",
}
OWN: dict[str, Any] = {
    "admin_url": "http://apisix:9180",
    "admin_key": "key-of-the-real-one",
    "public_url": "http://localhost:9080",
}


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("number").values_list("event", flat=True))


@pytest.mark.parametrize("given", [SANDBOX, OWN])
def test_the_first_gateway_is_made_and_recorded_without_its_key(
    given: dict[str, Any],
) -> None:
    gateway = provide_first_gateway(**given)
    assert gateway == Gateway.objects.get(slug="default")
    assert gateway.admin_url == given["admin_url"]
    assert gateway.public_url == given["public_url"]
    assert gateway.admin_key() == given["admin_key"]
    assert events() == ["gateway.created"]
    told = str(AuditEvent.objects.values().get())
    assert "admin_key" in told
    assert given["admin_key"] not in told


@pytest.mark.parametrize("given", [SANDBOX, OWN])
def test_a_second_start_changes_and_records_nothing(given: dict[str, Any]) -> None:
    provide_first_gateway(**given)
    before = Gateway.objects.values().get()
    provide_first_gateway(**given)
    assert Gateway.objects.values().get() == before
    assert events() == ["gateway.created"]


def test_the_sandbox_is_followed_to_another_port() -> None:
    provide_first_gateway(**SANDBOX)
    gateway = Gateway.objects.get()
    make_change(gateway=gateway, author=make_person("alice"))
    moved = {
        **SANDBOX,
        "admin_url": "http://127.0.0.1:9999",
        "admin_key": "another",
        "control_url": "http://127.0.0.1:9091",
    }
    provide_first_gateway(**moved)
    gateway.refresh_from_db()
    assert gateway.control_urls == ["http://127.0.0.1:9091"]
    assert (gateway.admin_url, gateway.admin_key()) == (
        "http://127.0.0.1:9999",
        "another",
    )
    assert events() == ["gateway.created", "gateway.changed"]


def test_a_sandbox_without_history_makes_way_for_a_gateway_of_ones_own() -> None:
    gateway = provide_first_gateway(**SANDBOX)
    assert gateway is not None
    Gateway.objects.update(answered_at=timezone.now(), mirrored_at=timezone.now())
    Resource.objects.create(
        gateway=gateway,
        kind="route",
        resource_id="r",
        document={},
        sealed=b"",
        digest="d",
    )
    provide_first_gateway(**OWN)
    gateway.refresh_from_db()
    assert gateway.admin_url == OWN["admin_url"]
    assert gateway.admin_key() == OWN["admin_key"]
    assert gateway.environment == ""
    assert gateway.control_urls == []
    # Nothing that was seen in the sandbox is told of the other gateway.
    assert not gateway.resources.exists()
    assert not gateway.is_well


def test_the_nodes_of_a_gateway_of_ones_own_are_peoples() -> None:
    provide_first_gateway(**OWN)
    Gateway.objects.update(control_urls=["http://node:9090"])

    provide_first_gateway(**{**OWN, "admin_key": "another"})

    assert Gateway.objects.get().control_urls == ["http://node:9090"]


def test_a_sandbox_with_history_does_not_become_another_gateway() -> None:
    gateway = provide_first_gateway(**SANDBOX)
    assert gateway is not None
    make_change(gateway=gateway, author=make_person("alice"))
    before = Gateway.objects.values().get()
    with pytest.raises(Unusable, match="GATEHOUSE_VAR="):
        provide_first_gateway(**OWN)
    assert Gateway.objects.values().get() == before


@pytest.mark.parametrize("later", [SANDBOX, {**OWN, "admin_url": "http://other:9180"}])
def test_a_real_gateways_address_is_peoples(later: dict[str, Any]) -> None:
    provide_first_gateway(**OWN)
    before = Gateway.objects.values().get()
    provide_first_gateway(**later)
    assert Gateway.objects.values().get() == before


def test_a_mistyped_key_can_be_mended_until_it_works() -> None:
    provide_first_gateway(**{**OWN, "admin_key": "mistyped"})
    provide_first_gateway(**OWN)
    assert Gateway.objects.get().admin_key() == OWN["admin_key"]
    # From now on people may have changed it in the portal.
    Gateway.objects.update(answered_at=timezone.now())
    provide_first_gateway(**{**OWN, "admin_key": "outdated"})
    assert Gateway.objects.get().admin_key() == OWN["admin_key"]


def test_none_is_added_to_gateways_that_people_arranged() -> None:
    Gateway.objects.create(slug="north", title="North", admin_url="http://north:9180")
    assert provide_first_gateway(**OWN) is None
    assert [gateway.slug for gateway in Gateway.objects.all()] == ["north"]
    assert events() == []


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(Unusable, match="APISIX_ADMIN_URL: Enter an address"):
        provide_first_gateway(**{**OWN, "admin_url": "apisix:9180"})
    assert not Gateway.objects.exists()
