"""Who edits one field changes that field: by merge and by the portal's whole document.

Documents hold what people and other tools write: keys that no schema names, lists in an
order that matters, nodes in either form, null, empty ones, long numbers, any script.
"""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from gateway.canonical import EXACT
from gateway.mirror import refresh
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from tests.api.conftest import Program, program_of
from tests.changes.conftest import Desk
from tests.web.conftest import sign_in

# The gateway keeps 14 digits (gateway/canonical.py): no editor can keep more.
NUMBERS = st.integers(1 - EXACT, EXACT - 1) | st.sampled_from([0.5, -2.25, 1e-7])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)
WEIGHTS = st.integers(0, 100)
HOSTS = st.sampled_from(["10.0.0.1", "b.example.com", "a.example.com", "[::1]"])
NODES = st.dictionaries(HOSTS.map("{}:80".format), WEIGHTS, min_size=1) | st.lists(
    st.fixed_dictionaries(
        {"host": HOSTS, "port": st.integers(1, 65535), "weight": WEIGHTS},
        optional={"priority": st.integers(0, 3), "metadata": st.just({"b": 1, "a": 2})},
    ),
    min_size=1,
    max_size=4,
)
# A plugin's schema is open: what it does not name is kept.
PLUGINS = st.fixed_dictionaries(
    {"request-id": st.dictionaries(TEXTS.map("x-{}".format), ANYTHING, max_size=4)},
    optional={
        "ip-restriction": st.just({"whitelist": ["10.0.0.9", "10.0.0.1", "10.0.0.9"]}),
        "openid-connect": st.fixed_dictionaries(
            {
                "client_id": st.just("c"),
                "bearer_only": st.just(True),
                # A secret: shown redacted, and still the same afterwards.
                "client_secret": st.text("abc", min_size=8, max_size=20),
                "discovery": st.just("https://id.example.com/"),
            }
        ),
    },
)
UPSTREAM = st.fixed_dictionaries({"nodes": NODES, "type": st.just("roundrobin")})
DOCUMENTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "route": st.fixed_dictionaries(
        {
            "uris": st.permutations(["/c", "/a", "/b/*"]),
            "upstream": UPSTREAM,
            "plugins": PLUGINS,
        },
        optional={
            "vars": st.just([["arg_b", "==", "2"], ["arg_a", "in", ["z", "y"]]]),
            "methods": st.permutations(["PUT", "GET", "DELETE"]),
            "labels": st.dictionaries(st.text("äbc.-", min_size=1), st.just("größe")),
        },
    ),
    "service": st.fixed_dictionaries({"upstream": UPSTREAM, "plugins": PLUGINS}),
    "upstream": UPSTREAM,
    "plugin_config": st.fixed_dictionaries({"plugins": PLUGINS}),
    "global_rule": st.fixed_dictionaries({"plugins": PLUGINS}),
}
EDITS: dict[str, tuple[str, Any]] = {
    "global_rule": ("plugins", {"cors": {}}),
}
NASTY: dict[str, Any] = {
    "request-id": {
        "x-null": None,
        "x-nothing": {"object": {}, "list": [], "both": [{}, [], None, ""]},
        "x-number": [EXACT - 1, 0, -0.5, 1e-7, True, "1"],
        "x-\u202e\u200b": "line\r\nbreak \u2028 <textarea> &amp; \\ \" ' 😀",
    }
}
# Each example is a whole change, delivered: few of them, and none is made smaller.
OFTEN = settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def alice(desk: Desk) -> Program:
    return program_of(desk.people.alice)


def exactly(document: Any) -> str:
    """Everything but the order of keys, which a gateway does not keep; 1 is not 1.0."""
    kept = {k: v for k, v in document.items() if not k.endswith("_time")}
    return json.dumps(kept, sort_keys=True)


def hold(desk: Desk, kind: str, document: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Let the gateway hold it; return what it tells of it and what an edit makes of it."""
    desk.sandbox.reset()
    desk.sandbox.put(kind, "one", document)
    refresh(desk.gateway)
    live = desk.live("one", kind)
    assert exactly(live) == exactly(document | {"id": "one"})
    name, value = EDITS.get(kind, ("desc", "Edited."))
    old = live.get(name)
    whole = old | value if isinstance(old, dict) else value
    return {name: value}, exactly(live | {name: whole})


def applied(desk: Desk) -> None:
    change = ChangeRequest.objects.latest("number")
    desk.approve(change)
    assert desk.deliver(change).state == State.APPLIED


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
def test_a_merge_leaves_everything_else_as_it_was(
    kind: str, desk: Desk, alice: Program
) -> None:
    @OFTEN
    @given(DOCUMENTS[kind])
    def edit(document: dict[str, Any]) -> None:
        patch, expected = hold(desk, kind, document)
        item = {"action": "update", "kind": kind, "id": "one", "document": patch}

        answer = alice.post(
            "/api/changes", {"title": "x", "reason": "x", "items": [item]}
        )

        assert answer.status_code == 202, answer.content.decode()
        applied(desk)
        assert exactly(desk.live("one", kind)) == expected

    edit()


@OFTEN
@given(DOCUMENTS["route"])
@example({"uri": "/a", "upstream": {"nodes": {"b:1": 1, "a:1": 0}}, "plugins": NASTY})
def test_so_does_an_update_of_a_route(
    desk: Desk, alice: Program, document: dict[str, Any]
) -> None:
    patch, expected = hold(desk, "route", document)

    answer = alice.patch("/api/routes/one", {"reason": "x", "route": patch})

    assert answer.status_code == 202, answer.content.decode()
    applied(desk)
    assert exactly(desk.live("one")) == expected


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
def test_so_does_the_form_that_holds_the_whole_document(kind: str, desk: Desk) -> None:
    person = sign_in(desk.people.alice)

    @OFTEN
    @given(DOCUMENTS[kind])
    def edit(document: dict[str, Any]) -> None:
        check_form(desk, person, kind, document)

    edit()


@pytest.mark.parametrize("kind", ["route", "service", "plugin_config", "global_rule"])
def test_what_is_hard_to_carry_comes_through_the_form(kind: str, desk: Desk) -> None:
    document: dict[str, Any] = {"plugins": NASTY}
    if kind in {"route", "service"}:
        nodes = [{"weight": 1, "host": "b", "port": 1}, {"host": "a", "weight": 0}]
        document["upstream"] = {"nodes": nodes}
    if kind == "route":
        document["uri"] = "/größe/*"
    check_form(desk, sign_in(desk.people.alice), kind, document)


def check_form(desk: Desk, person: Client, kind: str, document: dict[str, Any]) -> None:
    """Edit the text that the page shows, as a person would; deliver it and compare."""
    patch, expected = hold(desk, kind, document)
    address = f"/changes/new/?gateway=default&kind={kind}&id=one"
    page = person.get(address).content.decode()
    shown = re.search(
        r'<textarea name="item-0-document".*?>\r?\n(.*?)</textarea>', page, re.DOTALL
    )
    assert shown
    edited = json.loads(html.unescape(shown[1]))
    for name, value in patch.items():
        old = edited.get(name)
        edited[name] = old | value if isinstance(old, dict) else value

    response = person.post(
        "/changes/new/",
        {
            "as": "json",
            "count": "1",
            "do": "send",
            "gateway": "default",
            "reason": "x",
            "item-0-action": "replace",
            "item-0-kind": kind,
            "item-0-id": "one",
            "item-0-document": json.dumps(edited),
        },
    )

    assert response.status_code == 302, response.context["asking"].all[-1].errors
    applied(desk)
    assert exactly(desk.live("one", kind)) == expected


def test_more_digits_than_a_gateway_keeps_are_no_obstacle(
    desk: Desk, alice: Program
) -> None:
    """What is read back has fewer; that is not taken for somebody else's write."""
    numbers = {"request-id": {"x-long": [2**53 - 1, 0.12345678901234567]}}
    desk.sandbox.put("plugin_config", "one", {"plugins": numbers})
    item = {"action": "update", "kind": "plugin_config", "id": "one"}

    answer = alice.post(
        "/api/changes",
        {"title": "x", "reason": "x", "items": [item | {"document": {"desc": "d"}}]},
    )

    assert answer.status_code == 202, answer.content.decode()
    applied(desk)
    assert desk.live("one", "plugin_config")["desc"] == "d"
