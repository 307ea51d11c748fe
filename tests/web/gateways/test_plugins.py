"""The catalogue of plugins: what each takes, and who uses it."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.models import Catalogue, Gateway
from portal.accounts.roles import Role
from tests.factories import Cast, make_live_gateway, make_person, make_resource
from tests.sandbox import SandboxGateway
from tests.web.conftest import sign_in

As = Callable[[str], Client]
PLUGINS = "/gateways/default/plugins/"
AT_MOST = 12


@pytest.fixture
def gateway(db: None, sandbox: SandboxGateway) -> Gateway:
    gateway = make_live_gateway(sandbox)
    make_resource(gateway, "route", "shop", {"uri": "/", "plugins": {"key-auth": {}}})
    make_resource(
        gateway,
        "route",
        "cart",
        {"name": "The cart", "plugins": {"key-auth": {}, "cors": {}}},
    )
    make_resource(gateway, "service", "s", {"plugins": {"key-auth": {}}})
    make_resource(gateway, "consumer", "jack", {"plugins": {"gone-by": {}}})
    make_resource(gateway, "route", "odd", {"plugins": ["key-auth"]})
    make_resource(gateway, "plugin_metadata", "cors", {"allow_origins": {}})
    return gateway


def test_plugins_lead_to_the_default_gateway(as_: As, gateway: Gateway) -> None:
    assert as_("audrey").get("/plugins/").headers["Location"] == PLUGINS


def test_who_sees_no_gateway_is_told(db: None) -> None:
    assert sign_in(make_person()).get("/plugins/").status_code == 404


def test_the_list_counts_who_uses_each(as_: As, gateway: Gateway) -> None:
    response = as_("audrey").get(PLUGINS)

    uses = {offer.name: offer.uses for offer in response.context["offers"]}
    assert uses["key-auth"] == [("routes", 2), ("service", 1)]
    assert uses["cors"] == [("route", 1)]
    assert uses["limit-req"] == []
    assert response.context["unknown"] == [("gone-by", 1)]


@pytest.mark.parametrize(
    ("words", "found"),
    [("KEY-auth", {"key-auth"}), ("redis_host count", {"limit-count"}), ("zanzi", ())],
)
def test_search_finds_by_name_and_field(
    as_: As, gateway: Gateway, words: str, found: set[str]
) -> None:
    response = as_("audrey").get(PLUGINS, {"q": words}, HTTP_HX_REQUEST="true")

    names = {offer.name for offer in response.context["offers"]}
    assert set(found) <= names
    assert len(names) < 20
    assert "<html" not in response.content.decode()


def test_a_plugin_tells_its_fields_and_who_uses_it(as_: As, gateway: Gateway) -> None:
    page = as_("audrey").get(f"{PLUGINS}cors/").content.decode()

    assert "allow_credential" in page
    assert '<a href="/gateways/default/routes/cart/">The cart</a>' in page
    assert '<a href="/gateways/default/plugin_metadata/cors/">' in page
    assert (
        "Nobody uses it" in as_("audrey").get(f"{PLUGINS}limit-req/").content.decode()
    )


def test_each_plugin_has_a_page(as_: As, gateway: Gateway) -> None:
    client, schemas = as_("audrey"), Catalogue.objects.get().document

    for name in {**schemas["plugins"], **schemas["stream_plugins"]}:
        assert client.get(f"{PLUGINS}{name}/").status_code == 200


@pytest.mark.parametrize("name", ["nope", "a'%20OR%20b", "x/y"])
def test_no_page_for_what_is_not_offered(as_: As, gateway: Gateway, name: str) -> None:
    assert as_("audrey").get(f"{PLUGINS}{name}/").status_code == 404


def test_who_may_not_see_the_gateway_sees_no_plugins(
    people: Cast, gateway: Gateway, sandbox: SandboxGateway
) -> None:
    other = make_live_gateway(sandbox, "other")
    stranger = sign_in(make_person("mallory", Role.VIEWER, gateway=other))

    assert stranger.get(PLUGINS).status_code == 404
    assert stranger.get(f"{PLUGINS}cors/").status_code == 404
    assert stranger.get("/plugins/").headers["Location"] == "/gateways/other/plugins/"


@pytest.mark.parametrize("address", [PLUGINS, f"{PLUGINS}key-auth/"])
def test_many_routes_cost_no_more_queries(
    as_: As, gateway: Gateway, address: str
) -> None:
    client = as_("riley")
    client.get(address)

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    few = count()
    for number in range(60):
        make_resource(gateway, "route", f"r{number}", {"plugins": {"key-auth": {}}})

    assert count() == few <= AT_MOST


def test_a_gateway_that_was_never_read_and_does_not_answer(
    as_: As, gateway: Gateway, sandbox: SandboxGateway
) -> None:
    Catalogue.objects.all().delete()
    sandbox.stop()

    response = as_("riley").get(PLUGINS)

    assert response.status_code == 503
    assert "cannot be asked for its schemas" in response.content.decode()
