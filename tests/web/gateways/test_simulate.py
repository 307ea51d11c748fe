"""Trying a request at the portal: typed, linked, with and without JavaScript."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from gateway.models import Gateway
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from portal.web.gateways.try_forms import example_of
from tests.factories import (
    Cast,
    item,
    make_change,
    make_gateway,
    make_person,
    make_resource,
    route_document,
)
from tests.web.conftest import sign_in

As = Callable[[str], Client]
PAGE = "/gateways/default/simulator/"


@pytest.fixture
def routes(gateway: Gateway) -> Gateway:
    make_resource(
        gateway,
        resource_id="conference-x1y2z3",
        document=route_document(
            plugins={"key-auth": {}, "limit-count": {"count": 5}, "prometheus": {}}
        ),
    )
    return gateway


@pytest.fixture
def moved(routes: Gateway, people: Cast) -> ChangeRequest:
    """Alice's change: another node, one plugin less, one more, one otherwise."""
    plugins = {"limit-count": {"count": 9}, "cors": {}, "prometheus": {}}
    wanted = route_document(plugins=plugins, upstream={"nodes": {"10.0.0.9:8000": 1}})
    return make_change(
        gateway=routes, author=people.alice, items=[item("update", wanted=wanted)]
    )


def send(client: Client, **fields: Any) -> HttpResponse:
    told = {"method": "GET", "url": "http://any.example/speaker/1"} | fields
    headers = told.pop("client_headers", {})
    return client.post(PAGE, told, headers=headers)


def text_of(response: HttpResponse) -> str:
    """Return the words of a page, without its tags."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", unescape(bare))


def test_the_form_is_empty_until_something_is_asked(as_: As, routes: Gateway) -> None:
    response = as_("audrey").get(PAGE)

    assert response.status_code == 200
    assert 'id="tried"' in response.content.decode()
    assert "takes it by" not in text_of(response)


def test_a_posted_request_shows_its_way(as_: As, routes: Gateway) -> None:
    response = send(as_("alice"))

    assert response.status_code == 200
    words = text_of(response)
    places = [
        words.index(part)
        for part in (
            "GET any.example/speaker/1",
            "takes it by /speaker/*",
            "key-auth",
            "limit-count",
            "http://127.0.0.1:8000",
            "prometheus",
        )
    ]
    assert places == sorted(places)
    assert '"count": 5' in words


def test_no_route_says_so(as_: As, routes: Gateway) -> None:
    assert "answers 404" in text_of(send(as_("alice"), url="/nowhere"))


def test_now_and_after_stand_side_by_side_with_what_differs(
    as_: As, moved: ChangeRequest
) -> None:
    response = send(as_("riley"), change=moved.number)

    now, after = response.context["sides"]
    assert [(met.use.name, met.mark) for met in (*now.before, *now.behind)] == [
        ("key-auth", "gone"),
        ("limit-count", "changed"),
        ("prometheus", ""),
    ]
    assert [(met.use.name, met.mark) for met in (*after.before, *after.behind)] == [
        ("cors", "new"),
        ("limit-count", "changed"),
        ("prometheus", ""),
    ]
    assert (now.route_mark, now.upstream_mark) == ("", "changed")
    words = text_of(response)
    assert f"After #{moved.number}" in words
    assert "only now" in words
    assert "only after" in words


def test_a_change_that_makes_no_difference_says_so(
    as_: As, moved: ChangeRequest
) -> None:
    response = send(as_("riley"), url="/elsewhere", change=moved.number)

    assert "makes no difference" in text_of(response)


def test_an_applied_change_says_so(as_: As, routes: Gateway, people: Cast) -> None:
    change = make_change(gateway=routes, author=people.alice, state=State.APPLIED)

    response = send(as_("riley"), change=change.number)

    assert "is applied" in text_of(response)
    assert len(response.context["sides"]) == 1


def test_a_link_from_a_change_tries_its_route(as_: As, moved: ChangeRequest) -> None:
    response = as_("riley").get(f"{PAGE}?change={moved.number}")

    assert len(response.context["sides"]) == 2
    assert "127.0.0.1:9080/speaker/" in text_of(response)


def test_a_link_from_a_route_tries_it(as_: As, routes: Gateway) -> None:
    response = as_("riley").get(f"{PAGE}?route=conference-x1y2z3")

    assert "takes it by /speaker/*" in text_of(response)


def test_headers_and_address_are_asked_with(as_: As, gateway: Gateway) -> None:
    make_resource(
        gateway,
        resource_id="beta",
        document=route_document(
            vars=[["http_x_beta", "==", "yes"]], remote_addr="203.0.113.7"
        ),
    )
    client = as_("alice")

    asked = {"headers": "X-Beta: yes\n\nAccept: */*", "remote_addr": "203.0.113.7"}

    assert "takes it by" in text_of(send(client, **asked))
    assert "answers 404" in text_of(send(client, **asked | {"headers": "X-Beta: no"}))
    assert "answers 404" in text_of(send(client, **asked | {"remote_addr": ""}))


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"url": ""}, "url", "Say what is asked for"),
        ({"url": "shop.example.com"}, "url", "no address"),
        ({"url": "/\x00"}, "url", "Null characters"),
        ({"method": "BREW"}, "method", "Select a valid choice"),
        ({"headers": "X-Beta"}, "headers", "Line 1 has no colon"),
        ({"headers": "X Beta: 1"}, "headers", "no name of a header"),
        ({"remote_addr": "here"}, "remote_addr", "no IP address"),
        ({"change": "999999"}, "change", "There is no change #999999"),
        ({"change": "x"}, "change", "Enter a whole number"),
    ],
)
def test_bad_input_is_told_beside_its_field(
    as_: As, routes: Gateway, fields: dict[str, str], field: str, words: str
) -> None:
    response = send(as_("alice"), **fields)

    assert response.status_code == 400
    assert words in str(response.context["form"].errors[field])
    assert words in text_of(response)
    assert response.context["sides"] == []


def test_a_change_on_another_gateway_is_told(
    as_: As, routes: Gateway, people: Cast
) -> None:
    change = make_change(gateway=make_gateway("other"), author=people.alice)

    response = send(as_("alice"), change=change.number)

    assert response.status_code == 400
    assert "is about gateway other" in text_of(response)


def test_a_draft_of_somebody_else_is_not_there(
    as_: As, routes: Gateway, people: Cast
) -> None:
    draft = make_change(gateway=routes, author=people.alice, state=State.DRAFT)

    assert "There is no change" in text_of(send(as_("riley"), change=draft.number))
    listed = as_("riley").get(f"{PAGE}?change={draft.number}")
    assert draft.summary not in text_of(listed)


def test_the_open_page_gets_the_part_that_is_new(as_: As, routes: Gateway) -> None:
    response = send(as_("alice"), client_headers={"HX-Request": "true"})
    refused = send(as_("alice"), url="", client_headers={"HX-Request": "true"})

    for part in (response, refused):
        body = part.content.decode()
        assert part.status_code == 200
        assert "<html" not in body
        assert 'id="tried"' in body
    assert 'id="said" hx-swap-oob="innerHTML">Now: route conference-x1y2z3' in (
        response.content.decode()
    )


@pytest.mark.parametrize(
    "query",
    [
        "?change=abc",
        "?change=99999999999999999999",
        "?change=%00",
        "?route=%00",
        "?route=nope",
        "?url=%00&method=BREW&headers=x&remote_addr=y",
        "?url=/a&change=0",
    ],
)
def test_nonsense_in_the_address_breaks_nothing(
    as_: As, routes: Gateway, query: str
) -> None:
    assert as_("alice").get(PAGE + query).status_code == 200


def test_only_whoever_may_read_the_gateway_tries_it(
    people: Cast, routes: Gateway
) -> None:
    vera = make_person("vera", Role.VIEWER, gateway=make_gateway("own"))

    assert sign_in(vera).get(PAGE).status_code == 404
    assert sign_in(vera).post(PAGE, {"url": "/"}).status_code == 404
    assert Client().get(PAGE).status_code == 302


def test_hidden_characters_are_shown(as_: As, gateway: Gateway) -> None:
    make_resource(gateway, document=route_document(name="pay\u202epal", uri="/*"))

    body = send(as_("alice")).content.decode()

    assert "\u202e" not in body
    assert "⟨U+202E⟩" in body


@pytest.mark.parametrize(
    ("route", "method", "url"),
    [
        ({"uri": "/a"}, "GET", "http://in.example:9080/a"),
        ({"uris": ["/b/*", "/c"], "host": "x.org"}, "GET", "http://x.org/b/"),
        ({"uri": "/d", "hosts": ["*.x.org"]}, "GET", "http://www.x.org/d"),
        ({"uri": "/e", "methods": ["PUT", "POST"]}, "PUT", "http://in.example:9080/e"),
        ({"uri": "/f g?", "methods": "odd"}, "GET", "http://in.example:9080/f%20g%3F"),
        ({"uri": 5, "hosts": {}}, "GET", "http://in.example:9080/"),
    ],
)
def test_a_route_s_own_request_is_made_up(
    route: dict[str, Any], method: str, url: str
) -> None:
    gateway = Gateway(public_url="http://in.example:9080")

    made = example_of(route, gateway, lambda kind, name: None)

    assert made == {"method": method, "url": url}


def test_the_host_of_a_made_up_request_may_be_the_service_s(
    as_: As, gateway: Gateway
) -> None:
    make_resource(gateway, "service", "s", {"hosts": ["shop.example.com"]})
    make_resource(gateway, "route", "r", {"uri": "/e", "service_id": "s"})

    page = as_("alice").get("/gateways/default/simulator/").content.decode()

    assert "GET http://shop.example.com/e" in page


def test_what_one_tried_lately_is_one_click_away(as_: As, routes: Gateway) -> None:
    alice = as_("alice")
    first = alice.get(PAGE).content.decode()
    assert "For example" in first
    assert 'href="/gateways/default/simulator/?method=GET&amp;url=' in first

    for number in range(7):
        send(alice, url=f"http://any.example/speaker/{number}?key=hunter2")
    send(alice, url="http://any.example/speaker/5")
    send(alice, url="http://[")
    page = alice.get(PAGE).content.decode()

    tried = re.findall(r'class="chip" href="[^"]*">([^<]+)</a>', page)
    assert tried == [
        f"GET http://any.example/speaker/{number}" for number in (5, 6, 4, 3, 2)
    ]
    # Neither is kept, nor led to by an address.
    assert "hunter2" not in page
    assert "hunter2" not in str(dict(alice.session))
    assert "Tried lately" not in as_("riley").get(PAGE).content.decode()
    address = re.findall(r'class="chip" href="([^"]*)"', page)[0]
    assert "Now" in text_of(alice.get(unescape(address)))
