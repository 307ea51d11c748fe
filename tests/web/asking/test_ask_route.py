"""A route by forms: what they show is changed, what they do not show stays."""

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from gateway.mirror import refresh
from gateway.models import Gateway
from portal.accounts.models import Person
from portal.changes.models import ChangeRequest, Item
from portal.changes.propose import draft
from tests.actors import present
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import route
from tests.factories import Cast, make_gateway, make_resource
from tests.web.conftest import sign_in

__all__ = ["desk"]

ASK = "/changes/new/"
EDIT = f"{ASK}?gateway=default&kind=route&id=shop&as=route"
SHOP: dict[str, Any] = {
    "uris": ["/shop", "/shop/*"],
    "host": "shop.example.com",
    "methods": ["GET", "PURGE"],
    "name": "shop",
    "priority": 3,
    "vars": [["arg_a", "==", "1"]],
    "plugins": {
        "limit-count": {
            "count": 5,
            "time_window": 60,
            "rejected_msg": "Slow down.",
            "_meta": {"disable": False},
        },
        "proxy-rewrite": {"headers": {"set": {"X-A": "b"}}},
    },
    "upstream": {"type": "roundrobin", "nodes": {"10.0.0.1:80": 1}, "retries": 2},
}


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def inputs(page: str) -> dict[str, Any]:
    """What a browser would send for a page that nobody touched."""
    form = page[page.index('<form class="columns"') :]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_box = told.get("type") in ("checkbox", "radio")
        if "name" not in told or (is_box and " checked" not in tag):
            continue
        value = html.unescape(told.get("value", "on" if is_box else ""))
        if is_box:
            sent.setdefault(told["name"], []).append(value)
        else:
            sent[told["name"]] = value
    for name, text in re.findall(
        r'<textarea[^>]*? name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL
    ):
        sent[name] = html.unescape(text).replace("\n", "\r\n")
    for name, options in re.findall(
        r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)"[^>]* selected', options)
        sent[name] = html.unescape(chosen[1]) if chosen else ""
    return sent | {"gateway": "default", "reason": "Because."}


@pytest.fixture
def form(desk: Desk, alice: Client) -> dict[str, Any]:
    """The form of a route that is there, untouched."""
    desk.sandbox.put("route", "shop", SHOP)
    refresh(desk.gateway)
    return inputs(alice.get(EDIT).content.decode())


def asked_for() -> Item:
    return ChangeRequest.objects.get().latest_revision().items.get()


def test_a_form_that_nobody_touched_asks_for_nothing(
    alice: Client, desk: Desk, form: dict[str, Any]
) -> None:
    response = alice.post(ASK, form | {"do": "preview"})

    assert response.status_code == 200, response.content.decode()
    assert response.context["asking"].route.items()[0].document == {}
    (item,) = response.context["plan"].items
    assert not item.groups


@pytest.mark.parametrize(
    ("typed", "changed"),
    [
        ({"name": "The shop"}, {"name": "The shop"}),
        ({"uris": "/store"}, {"uri": "/store", "uris": None}),
        ({"host": "a.test b.test"}, {"hosts": ["a.test", "b.test"], "host": None}),
        ({"methods": ["GET", "PURGE", "PUT"]}, {"methods": ["GET", "PURGE", "PUT"]}),
        ({"methods": []}, {"methods": None}),
        (
            {"upstream": "https://10.0.0.2:8443"},
            {"upstream": {"nodes": {"10.0.0.2:8443": 1}, "scheme": "https"}},
        ),
        (
            {"plugins/limit-count/count": "50"},
            {"plugins": {"limit-count": {"count": 50}}},
        ),
        (
            {"plugins/limit-count/rejected_msg": ""},
            {"plugins": {"limit-count": {"rejected_msg": None}}},
        ),
        (
            {"protect-require-key": "on"},
            {"plugins": {"key-auth": {"header": "apikey", "query": "apikey", "hide_credentials": True}}},
        ),
    ],
)  # fmt: skip
def test_only_what_was_typed_is_asked_for(
    alice: Client,
    form: dict[str, Any],
    typed: dict[str, Any],
    changed: dict[str, Any],
) -> None:
    response = alice.post(ASK, form | typed | {"do": "preview"})

    assert response.context["asking"].route.items()[0].document == changed


def test_an_edit_is_filed_as_an_update_and_keeps_the_rest(
    alice: Client, desk: Desk, form: dict[str, Any]
) -> None:
    # Somebody else's write after the page was opened is not undone.
    desk.sandbox.put("route", "shop", SHOP | {"desc": "new"})

    response = alice.post(ASK, form | {"name": "The shop", "do": "send"})

    assert response.status_code == 302, response.content.decode()
    item = asked_for()
    assert item.action == "update"
    kept = {k: v for k, v in item.whole_wanted().items() if k != "id"}
    assert kept == SHOP | {"desc": "new", "name": "The shop"}


def test_what_no_form_shows_is_said(alice: Client, form: dict[str, Any]) -> None:
    page = alice.get(EDIT).content.decode()

    assert "2 more settings stay as they are" in page
    assert "<code>priority</code>, <code>vars</code>" in page


def test_a_plugin_is_added_set_and_sent(alice: Client, desk: Desk) -> None:
    page = alice.get(ASK).content.decode()
    sent = inputs(page) | {"uris": "/a", "upstream": "http://127.0.0.1:8000"}

    page = alice.post(ASK, sent | {"do": "plugin", "add_plugin": "cors"})
    sent = inputs(page.content.decode())
    assert sent["uris"] == "/a"
    sent |= {
        "plugins/cors/max_age": "60",
        "plugins/cors/allow_origins_by_regex": ".*a\r\n.*b",
    }
    response = alice.post(ASK, sent | {"do": "send"})

    assert response.status_code == 302, response.content.decode()
    assert asked_for().wanted["plugins"] == {
        "cors": {"max_age": 60, "allow_origins_by_regex": [".*a", ".*b"]}
    }


def test_an_open_page_takes_the_plugins_alone(alice: Client, desk: Desk) -> None:
    sent = {"as": "route", "gateway": "default", "uris": "/typed"}
    asked = sent | {"do": "plugin", "add_plugin": "cors"}
    headers = {"HX-Request": "true"}

    added = alice.post(ASK, asked, headers=headers)
    wrong = alice.post(ASK, asked | {"add_plugin": "core"}, headers=headers)

    assert added.headers["HX-Trigger"] == '{"input": {}}'
    page = added.content.decode()
    assert page.count("<section") == 1
    assert 'name="plugins/cors/max_age"' in page
    assert re.search(r"<summary autofocus>\s*<code>cors<", page)
    assert re.search(
        r'id="add_plugin"[^>]*aria-invalid="true"[^>]* autofocus>',
        wrong.content.decode(),
    )


def test_lists_grow_and_plugins_go(alice: Client, form: dict[str, Any]) -> None:
    page = alice.post(ASK, form | {"do": "grow:plugins/limit-count/rules"})
    sent = inputs(page.content.decode())
    assert sent["plugins/limit-count/rules/0/key"] == ""

    page = alice.post(ASK, sent | {"do": "drop:limit-count"})

    sent = inputs(page.content.decode())
    assert not [name for name in sent if name.startswith("plugins/limit-count")]
    response = alice.post(ASK, sent | {"do": "preview"})
    patch = response.context["asking"].route.items()[0].document
    assert patch == {"plugins": {"limit-count": None}}


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "Say which plugin"), ("core", "no plugin"), ("limit", "limit-conn")],
)
def test_a_plugin_that_is_not_offered_is_not_added(
    alice: Client, desk: Desk, name: str, words: str
) -> None:
    sent = {"as": "route", "gateway": "default", "uris": "/typed"}

    page = alice.post(ASK, sent | {"do": "plugin", "add_plugin": name}).content.decode()

    assert words in page
    assert "/typed" in page
    # Nothing is judged before it is sent.
    assert "Say which server answers" not in page


def test_what_the_gateway_refuses_is_said_beside_its_input(
    alice: Client, form: dict[str, Any]
) -> None:
    wrong = {
        "plugins/limit-count/rejected_code": "9999",
        "plugins/proxy-rewrite/headers/set": "X-A b",
    }

    readable = alice.post(ASK, form | {"do": "send"} | dict([*wrong.items()][:1]))
    response = alice.post(ASK, form | wrong | {"do": "preview"})

    assert readable.status_code == 422
    errors = readable.context["asking"].route.plugins.errors
    assert "599" in errors["plugins.limit-count.rejected_code"][0]
    assert response.status_code == 400
    page = response.content.decode()
    assert "Line 1 has no colon" in page
    assert inputs(page)["plugins/proxy-rewrite/headers/set"] == "X-A b"
    assert not ChangeRequest.objects.exists()


def test_an_open_page_is_told_what_it_would_do_so_far(
    alice: Client, desk: Desk, form: dict[str, Any]
) -> None:
    def follow(**typed: str) -> str:
        sent = form | {"reason": ""} | typed
        return alice.post(ASK, sent, HTTP_HX_REQUEST="true").content.decode()

    assert "The shop" in follow(name="The shop")
    assert "Fill it in" in follow(uris="")
    assert "begins with a slash" in follow(uris="shop")
    assert "Stops the change" in follow(**{"plugins/limit-count/count": "-1"})
    assert "<html" not in follow()
    desk.sandbox.stop()
    assert "nothing was stored" in follow()
    assert not ChangeRequest.objects.exists()


def test_a_draft_of_a_route_goes_on_as_a_form(alice: Client, desk: Desk) -> None:
    asked = desk.asked(route("cart", name="cart", priority=2))
    change = draft(asked, actor=present(desk.people.alice)).change
    address = f"/changes/{change.number}/revise/"

    sent = inputs(alice.get(f"{address}?as=route").content.decode())
    response = alice.post(address, sent | {"name": "Cart", "do": "send"})

    assert response.status_code == 302, response.content.decode()
    wanted = ChangeRequest.objects.get().latest_revision().items.get().wanted
    assert (wanted["name"], wanted["priority"]) == ("Cart", 2)


def test_a_page_that_lost_what_it_began_with_files_nothing(
    alice: Client, form: dict[str, Any]
) -> None:
    response = alice.post(ASK, form | {"before": "{", "do": "send"})

    assert response.status_code == 400
    assert not ChangeRequest.objects.exists()


def test_upstreams_and_services_can_be_found(alice: Client, desk: Desk) -> None:
    desk.sandbox.put("upstream", "u1", {"name": "pool", "nodes": {"127.0.0.1:1": 1}})
    refresh(desk.gateway)

    page = alice.get(ASK).content.decode()
    assert '<option value="upstream u1">pool · 127.0.0.1:1</option>' in page

    sent = inputs(page) | {"uris": "/a", "upstream": "upstream u1", "do": "send"}
    assert alice.post(ASK, sent).status_code == 302
    assert asked_for().wanted["upstream_id"] == "u1"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("POOL", ["upstream u1", "service s1"]),
        ("service pool", ["service s1"]),
        ("upstream u1", ["upstream u1"]),
        ("127.0.0.1:1", []),
        ("http://127.0.0.1:8000", []),
        ("%\x00", []),
    ],
)
def test_of_very_many_those_that_fit_are_offered(
    people: Cast, gateway: Gateway, typed: str, offered: list[str]
) -> None:
    for number in range(60):
        # They stand before what is looked for.
        make_resource(gateway, "upstream", f"a{number:02}", {"name": "Other"})
    make_resource(gateway, "upstream", "u1", {"name": "Pool"})
    make_resource(gateway, "service", "s1", {"name": "pool"})
    make_resource(make_gateway("other"), "upstream", "u2", {"name": "pool"})
    address = "/ask/targets/?" + urlencode({"gateway": "default", "upstream": typed})

    def told(person: Person) -> list[str]:
        answer = sign_in(person).get(address).content.decode()
        return re.findall(r'<option value="([^"]+)">', answer)

    assert told(people.alice) == offered
    # Who may not ask there looks for nothing by this way.
    assert told(people.audrey) == []
