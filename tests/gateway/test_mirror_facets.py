"""What a resource is looked for by moves with its row."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from gateway.mirror import Written, note, refresh
from gateway.models import Facet, Gateway, Resource
from portal.drift.models import Drift
from tests.factories import make_gateway, make_live_gateway
from tests.sandbox import SandboxGateway

pytestmark = pytest.mark.django_db
ROUTE = {"name": "Shop", "uri": "/", "host": "a.example.com", "plugins": {"cors": {}}}


def held() -> set[tuple[str, str, str]]:
    rows = Facet.objects.values_list("resource__resource_id", "name", "value")
    return set(rows)


def test_it_comes_changes_and_goes_with_it() -> None:
    gateway = make_gateway()
    altered = {**ROUTE, "host": "b.example.com", "plugins": {}}

    note(gateway, [Written("route", name, None, ROUTE) for name in "ab"])
    note(gateway, [Written("route", "a", ROUTE, altered)])

    assert held() == {
        ("a", "host", "b.example.com"),
        ("b", "host", "a.example.com"),
        ("b", "plugin", "cors"),
    }

    note(gateway, [Written("route", "b", ROUTE, None)])

    assert held() == {("a", "host", "b.example.com")}
    assert Facet.objects.get().gateway == gateway


def test_what_was_there_before_is_told_at_the_next_look_and_is_no_drift(
    sandbox: SandboxGateway,
) -> None:
    gateway: Gateway = make_live_gateway(sandbox)
    sandbox.put("route", "a", ROUTE)
    refresh(gateway)
    Facet.objects.all().delete()

    module = import_module("gateway.migrations.0006_read_anew")
    module.forget_marks(apps, connection.schema_editor())
    assert Resource.objects.get().by_name == "a"
    refresh(gateway)

    assert ("a", "host", "a.example.com") in held()
    assert Resource.objects.get().by_name == "shop\na"
    assert not Drift.objects.exists()
