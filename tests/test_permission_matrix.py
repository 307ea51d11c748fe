"""Every role at every address: who gets in is what the table of roles says, no more.

Expected is worked out from `ALLOWED` and tests/permission_table.py alone. Refused is 403
or, where one shall not know, 404; whatever else is answered was let through.
"""

import re
from collections.abc import Iterator
from json import dumps, loads
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import DjangoDbBlocker

from portal.accounts.models import Membership, Ownership, PolicyChange
from portal.accounts.policy import kinds
from portal.accounts.roles import Role
from portal.audit.events import Event
from portal.audit.ledger import record
from portal.changes.models import AfterReview
from portal.changes.states import State
from portal.drift.models import DriftRule
from portal.mcp.tools import tools
from portal.webhooks.listening import make_webhook, send_test
from tests.accounts.policy.conftest import Motto
from tests.actors import present
from tests.factories import (
    make_access,
    make_change,
    make_delivery,
    make_drift,
    make_freeze,
    make_gateway,
    make_person,
    make_program,
    make_resource,
    make_review,
    make_token,
)
from tests.mcp.test_nothing_decided import arguments
from tests.permission_roles import (
    EVERYBODY,
    FORGED,
    PEOPLE,
    REFUSED,
    allowed,
    browser_of,
    come,
    is_sent_to_sign_in,
    judge,
    judged,
    send,
    shared_rows,
)
from tests.permission_table import (
    BEYOND_ROLES,
    FACADE,
    NOT_BY_ROLE,
    OAUTH,
    OPERATIONS,
    PAGES,
    STRANGER,
    TOOLS,
    WITH_A_FILE,
    Anyone,
)
from tests.test_no_token_decides import Anything, urls

METHODS = ("get", "post", "put", "patch", "delete")


def patterns(namespace: str) -> Iterator[tuple[str, str, URLPattern]]:
    """Yield (name, address with %(fields)s, pattern), one for each act of an address."""
    for resolver in get_resolver().url_patterns:
        if getattr(resolver, "namespace", None) != namespace:
            continue
        for before, pattern in _leaves(resolver):
            text = f"{before}{pattern.pattern}"
            acts = re.search(r"\(\?P<name>([\w|-]+)\)", text)
            for act in acts[1].split("|") if acts else [""]:
                spelled = text.replace(acts[0], act) if acts else text
                name = f"{pattern.name} {act}".strip()
                yield name, _filled(spelled), pattern


def _leaves(resolver: URLResolver) -> Iterator[tuple[str, URLPattern]]:
    """Yield what stands before a pattern, and the pattern, of all that are included."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield str(resolver.pattern), entry
        else:
            for before, pattern in _leaves(entry):
                yield f"{resolver.pattern}{before}", pattern


def _filled(pattern: str) -> str:
    pattern = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"%(\1)s", pattern)
    pattern = re.sub(r"<(?:\w+:)?(\w+)>", r"%(\1)s", pattern)
    return "/" + pattern.replace("^", "").replace("$", "").replace("\\Z", "")


def operations() -> Iterator[tuple[str, str]]:
    """Yield (what the table calls it, its address) of every operation of the API."""
    for _, address, pattern in patterns("api"):
        view = getattr(pattern.callback, "cls", None)
        path = str(pattern.pattern)
        if view is None or not path.startswith("api/") or "rest" in path:
            continue
        for method in METHODS:
            if hasattr(view, method) and view.__name__ != "Nowhere":
                yield f"{method.upper()} {path.removeprefix('api/')}", address


def test_every_address_is_declared() -> None:
    named = {name for name, *_ in patterns("web")}

    assert named == {*PAGES, *NOT_BY_ROLE}
    assert {name for name, _ in operations()} == {*OPERATIONS, *WITH_A_FILE}
    assert {address[1:] for _, address, _ in patterns("oauth")} == {*OAUTH}
    assert set(tools()) == {*TOOLS}


def test_no_address_is_forgotten() -> None:
    """Of the whole desk. The back office: tests/test_permission_back_office.py."""
    values = Anything()
    judged = {address % values for _, address, _ in patterns("web")}
    judged |= {address % values for _, address in operations()}
    judged |= {"/mcp", "/mcp/", *(f"/{address}" for address in OAUTH)}
    others = {url for url in urls(values) if url not in judged}

    facade = {url for url in others if "/apisix/admin" in url}
    admin = {url for url in others if url.startswith("/admin/")}

    assert others - facade - admin == BEYOND_ROLES
    assert len(facade) == 6


@pytest.fixture(autouse=True)
def _motto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds._kinds, Motto.name, Motto())


class Desk:
    """A gateway that does not answer, one row of what addresses name, and everybody."""

    def __init__(self) -> None:
        self.people = {who: come(who) for who in EVERYBODY}
        owner = make_person("owner", Role.ADMINISTRATOR)
        gateway = make_gateway(admin_url="http://127.0.0.1:1")
        change = make_change(gateway=gateway, author=owner, state=State.APPLIED, pk=7)
        verdict = make_review(change.latest_revision(), owner, "break_glass")
        AfterReview.objects.create(review=verdict)
        make_delivery(change)
        for name in ("r1", "conference"):
            make_resource(gateway, resource_id=name)
        rule = DriftRule.objects.create(reason="So.", author=owner)
        drift = make_drift(gateway)
        token, _ = make_token(owner)
        [event] = record(Event.CHANGE_APPLIED, actor=present(owner), subject=change)
        group = Group.objects.create(name="shop")
        account = make_person("shop-ci", team=group)
        part = Ownership.objects.create(group=group, host="a.example.com")
        role = Membership.objects.create(group=group, role=Role.VIEWER)
        policy = PolicyChange.objects.create(
            kind=Motto.name,
            base={"title": "Default"},
            wanted={"title": "New"},
            reason="So.",
            author=owner,
        )
        webhook, _ = make_webhook(
            actor=present(owner),
            gateway=None,
            name="CI",
            form="mail",
            address="ci@example.com",
            events=["change.applied"],
        )
        message = send_test(webhook, actor=present(owner))
        conflicted = make_change(gateway=gateway, author=owner, state=State.CONFLICTED)
        # What a form says was seen, of a change or a drift.
        self.seen = {
            "revision": "1",
            "digest": change.latest_revision().digest,
            "seen": drift.live_digest,
        }
        # Which row an address means by the field that several share.
        self.rows = {
            "audit_entry": {"number": event.number},
            "rebase": {"number": conflicted.pk},
            "recipe": {"name": "limit-rate"},
            "end_freeze": {"number": make_freeze(owner).pk},
            "take_role": {"pk": role.pk},
            **dict.fromkeys(("policy_change", "act_on_policy"), {"number": policy.pk}),
            **dict.fromkeys(
                ("webhook", "act_on_webhook", "send_again"), {"pk": webhook.pk}
            ),
            **dict.fromkeys(
                ("group", "give_part", "take_part", "leave_group", "service_accounts"),
                {"pk": group.pk},
            ),
            **dict.fromkeys(
                ("service_account", "switch_service_account"), {"pk": account.pk}
            ),
        }
        self.fields = Anything(
            number=7,
            slug="default",
            kind="routes",
            item=1,
            resource_id="r1",
            route_id="r1",
            rule_id=rule.pk,
            pk=drift.pk,
            token_id=token.pk,
            event=event.number,
            message_id=message.pk,
            part_id=part.pk,
            person_id=owner.pk,
            name="limit-count",
        )

    def address(self, name: str, template: str) -> str:
        return template % Anything(self.fields | self.rows.get(name.split()[0], {}))


@pytest.fixture(scope="module")
def desk(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Desk]:
    with shared_rows(django_db_blocker):
        yield Desk()


def sent_by(client: Client, method: str, address: str, form: Any) -> HttpResponse:
    return send(
        client,
        method,
        address,
        data=urlencode(form) if method == "POST" else "",
        content_type="application/x-www-form-urlencoded",
    )


@pytest.mark.parametrize("who", PEOPLE)
def test_a_role_gets_where_the_table_says(desk: Desk, who: str) -> None:
    client, wrong = browser_of(desk.people[who]), []

    for name, template, _ in patterns("web"):
        declared = PAGES.get(name)
        if declared is None:
            continue
        address = desk.address(name, template) + declared.query
        for method, need in (("GET", declared.get), ("POST", declared.post)):
            if need is None:
                continue
            answer = sent_by(client, method, address, declared.form | desk.seen)
            if words := judge(answer, let_in=allowed(need, who)):
                wrong.append(f"{method} {name}: {words}")
    assert not wrong, "\n".join([who, *wrong])


@pytest.mark.parametrize("who", [STRANGER, FORGED])
def test_whoever_is_not_signed_in_is_sent_to_sign_in(desk: Desk, who: str) -> None:
    """Nor is a service account ever, even if a session should say so."""
    client = Client() if who == STRANGER else browser_of(desk.people[who])
    pages = [
        (name, desk.address(name, template), PAGES[name])
        for name, template, _ in patterns("web")
        if name in PAGES
    ]
    pages += [(path, f"/{path}", declared) for path, declared in OAUTH.items()]
    wrong = []

    for name, address, declared in pages:
        for method, need in (("GET", declared.get), ("POST", declared.post)):
            if need is None:
                continue
            form = declared.form | desk.seen
            answer = sent_by(client, method, address + declared.query, form)
            let_in = need is Anyone.STRANGER
            if is_sent_to_sign_in(answer) is let_in or answer.status_code >= 500:
                wrong.append(f"{method} {name}: {answer.status_code}")
    assert not wrong, "\n".join([who, *wrong])


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_role_s_token_gets_where_the_table_says(desk: Desk, who: str) -> None:
    """As far as a token reaches: what only people do has no operation."""
    _, secret = make_token(desk.people[who])
    wrong = []

    for name, template in operations():
        if name in WITH_A_FILE:
            continue
        need, body = OPERATIONS[name]
        method = name.partition(" ")[0]
        values = Anything(desk.fields | {"kind": "route", "id": "r1"})
        if "audit/" in name:
            values["number"] = desk.fields["event"]
        if "drift/" in name:
            values["id"] = desk.fields["pk"]
        if "recipes/" in name:
            values["name"] = "limit-rate"
        answer = send(
            Client(),
            method,
            template % values + (body if isinstance(body, str) else ""),
            data=dumps(body) if isinstance(body, dict) else "",
            content_type="application/json",
            headers={"authorization": f"Bearer {secret}"},
        )
        if words := judge(answer, let_in=allowed(need, who)):
            wrong.append(f"{name}: {words}")
    assert not wrong, "\n".join([who, *wrong])


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_role_s_token_asks_through_the_facade_what_the_table_says(
    desk: Desk, who: str
) -> None:
    _, secret = make_token(desk.people[who])
    wrong = []

    for name, (need, body) in FACADE.items():
        method, _, path = name.partition(" ")
        for door in ("", "/g/default"):
            answer = send(
                Client(),
                method,
                f"{door}/apisix/admin/{path}",
                data=dumps(body) if body else "",
                content_type="application/json",
                headers={"x-api-key": secret},
            )
            if words := judge(answer, let_in=allowed(need, who)):
                wrong.append(f"{door} {name}: {words}")
    assert not wrong, "\n".join([who, *wrong])


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_role_s_program_calls_the_tools_that_the_table_says(
    desk: Desk, who: str
) -> None:
    """By a connection that the person allowed; nobody can allow one for a team."""
    person, wrong = desk.people[who], []
    if person.is_service:
        _, secret = make_token(person)
    else:
        secret = make_access(make_program(), person)

    for name, need in TOOLS.items():
        _, given = arguments(tools()[name], 7)
        if name == "apply_recipe":
            given["name"] = "limit-rate"
        call = {"name": name, "arguments": given}
        answer = send(
            Client(),
            "POST",
            "/mcp",
            data=dumps(
                {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            ),
            content_type="application/json",
            headers={"authorization": f"Bearer {secret}"},
        )
        assert answer.status_code == 200, answer.text
        told = loads(answer.content)["result"]
        problem = loads(told["content"][-1]["text"]) if told["isError"] else {}
        status = problem.get("status", 200)
        if words := judged(
            f"{status} {problem.get('code', '')}",
            was_let_in=status not in REFUSED,
            let_in=allowed(need, who),
        ):
            wrong.append(f"{name}: {words}")
    assert not wrong, "\n".join([who, *wrong])


@pytest.mark.parametrize("who", PEOPLE)
def test_a_role_lets_a_program_in_as_the_table_says(desk: Desk, who: str) -> None:
    client, wrong = browser_of(desk.people[who]), []
    make_program()

    for path, declared in OAUTH.items():
        for method, need in (("GET", declared.get), ("POST", declared.post)):
            if need is None:
                continue
            address = f"/{path}{declared.query}"
            answer = sent_by(client, method, address, declared.form)
            if words := judge(answer, let_in=allowed(need, who)):
                wrong.append(f"{method} {path}: {words}")
    assert not wrong, "\n".join([who, *wrong])
