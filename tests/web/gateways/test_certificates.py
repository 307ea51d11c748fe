"""Certificates by expiry, of one gateway and of all."""

import re
from collections.abc import Callable

from django.test import Client

from gateway.models import Gateway
from portal.accounts.models import Membership
from portal.accounts.roles import Role
from tests.certificates import self_signed
from tests.factories import Cast, make_gateway, make_person, make_resource
from tests.web.conftest import sign_in

As = Callable[[str], Client]


def hold(gateway: Gateway, name: str, until: int, since: int = -400) -> None:
    host = f"{name}.example.com"
    cert = self_signed(host, f"www.{host}", since=since, until=until).pem
    make_resource(gateway, "ssl", name, {"snis": [host], "cert": cert})


def order(page: str) -> list[str]:
    """Return the ids of what is listed, as it is listed."""
    return re.findall(r'scope="row"[^>]*><a href="/gateways/[^/]+/ssls/([^/]+)/"', page)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_what_expires_first_stands_first_and_says_so(as_: As, gateway: Gateway) -> None:
    for name, until in (("fine", 300), ("gone", -2), ("soon", 12)):
        hold(gateway, name, until)
    hold(gateway, "later", until=90, since=3)
    make_resource(gateway, "ssl", "sealed", {"sni": "x.org", "cert": "$secret://a/b/c"})

    page = as_("audrey").get("/gateways/default/certificates/").content.decode()

    assert order(page) == ["gone", "soon", "later", "fine", "sealed"]
    said = words(page)
    for expected in ("Expired", "11 days left", "Not valid yet", "Kept elsewhere"):
        assert expected in said
    assert "3 need a new one soon" in said
    assert "also good for www.soon.example.com" in said


def test_one_that_only_the_gateway_itself_shows_is_told_as_such(
    as_: As, gateway: Gateway
) -> None:
    cert = self_signed("gateway.internal").pem
    make_resource(gateway, "ssl", "own", {"type": "client", "cert": cert})

    page = as_("audrey").get("/gateways/default/certificates/").content.decode()

    assert "shown by the gateway to upstreams" in page


def test_all_gateways_together_are_those_one_may_see(people: Cast) -> None:
    mine, other = make_gateway("mine"), make_gateway("other")
    hold(mine, "ours", 20)
    hold(other, "theirs", 20)
    person = make_person("gil")
    Membership.objects.create(person=person, role=Role.VIEWER, gateway=mine)

    assert order(sign_in(person).get("/certificates/").content.decode()) == ["ours"]
    assert sign_in(person).get("/gateways/other/certificates/").status_code == 404
    assert (
        len(order(sign_in(people.audrey).get("/certificates/").content.decode())) == 2
    )


def test_which_hosts_it_is_for_and_which_have_none_is_told(
    as_: As, gateway: Gateway
) -> None:
    hold(gateway, "shop", 100)
    cert = self_signed("*.wild.example.com").pem
    make_resource(gateway, "ssl", "wild", {"sni": "*.wild.example.com", "cert": cert})
    hold(gateway, "unused", 100)
    make_resource(
        gateway,
        "route",
        "r",
        {"uri": "/", "hosts": ["SHOP.example.com", "a.wild.example.com", "bare.org"]},
    )
    make_resource(gateway, "service", "s", {"hosts": ["b.wild.example.com"]})

    page = as_("audrey").get("/gateways/default/certificates/").content.decode()

    said = words(page)
    assert "for routes at shop.example.com" in said
    assert "for routes at a.wild.example.com , b.wild.example.com" in said
    assert said.count("no route here names it as its host") == 1
    assert re.findall(r'class="chip" href="[^"]+">([^<]+)<', page) == ["bare.org"]


def test_a_gateway_without_any_is_not_told_what_it_lacks(
    as_: As, gateway: Gateway
) -> None:
    make_resource(gateway, "route", "r", {"uri": "/", "host": "bare.org"})

    page = as_("audrey").get("/gateways/default/certificates/").content.decode()

    assert "holds no certificate" in page
    assert "Hosts without" not in page
