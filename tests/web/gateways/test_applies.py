"""What applies to a route and whose it is; what refers to what."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from portal.web.gateways.related import SHOWN
from tests.factories import make_resource

As = Callable[[str], Client]


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.fixture
def layered(gateway: Gateway) -> None:
    """A route with a service, a plugin config and an upstream, beside a global rule."""
    limit = {"count": 5, "time_window": 60}
    make_resource(
        gateway,
        "service",
        "s",
        {
            "hosts": ["shop.example.com"],
            "upstream_id": "u",
            "plugins": {"limit-count": limit, "cors": {}},
        },
    )
    make_resource(gateway, "upstream", "u", {"nodes": {"10.0.0.1:80": 1, "b:80": 0}})
    make_resource(
        gateway,
        "plugin_config",
        "p",
        {"plugins": {"limit-count": {**limit, "count": 6}}},
    )
    make_resource(gateway, "global_rule", "g", {"plugins": {"ip-restriction": {}}})
    make_resource(
        gateway,
        "route",
        "r",
        {
            "uri": "/",
            "service_id": "s",
            "plugin_config_id": "p",
            "plugins": {"limit-count": {**limit, "count": 7}},
        },
    )


@pytest.mark.usefixtures("layered")
def test_each_part_says_whose_it_is_and_what_it_is_over(as_: As) -> None:
    page = as_("audrey").get("/gateways/default/routes/r/").content.decode()
    said = text_of(page[page.index('id="applies"') : page.index('id="document"')])

    assert "Hosts its service shop.example.com" in said
    limit = said[said.index("limit-count") :]
    assert "the route itself over what service s and plugin config p says" in limit
    assert "&quot;count&quot;: 7" in limit
    assert "cors" in said
    assert "global rule g" in said
    assert "Upstream upstream u" in said
    assert "b:80 weight 0: gets no requests" in said
    # Global rules run first.
    assert said.index("ip-restriction") < said.index("limit-count")


@pytest.mark.usefixtures("layered")
@pytest.mark.parametrize(
    ("address", "refers", "referring"),
    [
        ("routes/r/", ["Service s", "Plugin config p"], []),
        ("services/s/", ["Upstream u"], ["Route r"]),
        ("upstreams/u/", [], ["Service s"]),
        ("plugin_configs/p/", [], ["Route r"]),
    ],
)
def test_both_ends_of_a_reference_lead_to_each_other(
    as_: As, address: str, refers: list[str], referring: list[str]
) -> None:
    context = as_("audrey").get(f"/gateways/default/{address}").context

    def told(those: str) -> list[str]:
        found = getattr(context["relations"], those)
        return [f"{one.kind.title} {one.id}" for one in found]

    assert told("refers") == refers
    assert told("referring") == referring


def test_what_is_named_and_not_there_is_said(as_: As, gateway: Gateway) -> None:
    document = {
        "uri": "/",
        "upstream_id": "lost",
        "plugins": {"x": "$secret://vault/1/a"},
    }
    make_resource(gateway, "route", "r", document)

    page = text_of(as_("audrey").get("/gateways/default/routes/r/").content.decode())

    assert "upstream lost is named and not there" in page
    assert "Upstream lost not there upstream_id" in page
    assert "Secret vault/1 not there plugins.x" in page


def test_of_many_that_refer_to_it_the_rest_is_counted_at_no_more_queries(
    as_: As, gateway: Gateway
) -> None:
    make_resource(gateway, "upstream", "u", {"nodes": {}})

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(address)
        return len(captured)

    client, address = as_("audrey"), "/gateways/default/upstreams/u/"
    make_resource(gateway, "route", "first", {"uri": "/", "upstream_id": "u"})
    few = queries()
    for _ in range(SHOWN + 4):
        make_resource(gateway, "route", "", {"uri": "/", "upstream_id": "u"})

    # One more counts them.
    assert queries() == few + 1
    assert "and 5 more" in client.get(address).content.decode()
