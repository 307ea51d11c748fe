"""Every role at every address: who gets in is what the table of roles says, no more.

Expected is worked out from `ALLOWED` and tests/permission_table.py alone. Refused is 403
or, where one shall not know, 404; whatever else is answered was let through.
"""

import re
from collections.abc import Iterator
from json import dumps
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from portal.accounts.models import Membership, Ownership, Person, PolicyChange
from portal.accounts.policy import kinds
from portal.accounts.presence import SIGNED_IN_AT
from portal.accounts.roles import ALLOWED, SUPERUSER, Role, Verb
from portal.audit.events import Event
from portal.audit.ledger import record
from portal.changes.models import AfterReview
from portal.changes.states import State
from portal.drift.models import DriftRule
from portal.webhooks.listening import make_webhook, send_test
from tests.accounts.policy.conftest import Motto
from tests.actors import present
from tests.factories import (
    make_change,
    make_delivery,
    make_drift,
    make_freeze,
    make_gateway,
    make_person,
    make_resource,
    make_review,
    make_token,
)
from tests.permission_table import (
    BEYOND_ROLES,
    FACADE,
    NOT_BY_ROLE,
    OPERATIONS,
    PAGES,
    WITH_A_FILE,
    Anyone,
    Need,
)
from tests.test_no_token_decides import Anything, urls

NOBODY, SUPER = "no role", "superuser"
WHO = [*Role, NOBODY, SUPER]
REFUSED = (403, 404)
METHODS = ("get", "post", "put", "patch", "delete")


def verbs_of(who: str) -> frozenset[Verb]:
    if who == SUPER:
        return SUPERUSER
    return ALLOWED[Role(who)] if who in set(Role) else frozenset()


def allowed(need: Need, who: str) -> bool:
    """What the table says: the one place where the matrix is worked out."""
    if isinstance(need, Verb):
        return need in verbs_of(who)
    if need is Anyone.SUPERUSER:
        return who == SUPER
    return need is not Anyone.OWNER


def patterns(namespace: str) -> Iterator[tuple[str, str, URLPattern]]:
    """Yield (name, address with %(fields)s, pattern), one for each act of an address."""
    for resolver in get_resolver().url_patterns:
        if getattr(resolver, "namespace", None) != namespace:
            continue
        for pattern in resolver.url_patterns:
            text = f"{resolver.pattern}{pattern.pattern}"
            acts = re.search(r"\(\?P<name>([\w|-]+)\)", text)
            for act in acts[1].split("|") if acts else [""]:
                spelled = text.replace(acts[0], act) if acts else text
                name = f"{pattern.name} {act}".strip()
                yield name, _filled(spelled), pattern


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


def test_no_address_is_forgotten() -> None:
    """Of the whole desk: pages, operations, the façade, and what no role decides."""
    values = Anything()
    judged = {address % values for _, address, _ in patterns("web")}
    judged |= {address % values for _, address in operations()}
    others = {url for url in urls(values) if url not in judged}

    facade = {url for url in others if "/apisix/admin" in url}
    admin = {url for url in others if url.startswith("/admin/")}

    assert others - facade - admin == BEYOND_ROLES
    assert len(facade) == 6


@pytest.fixture(autouse=True)
def _motto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds._kinds, Motto.name, Motto())


class Desk:
    """A gateway that does not answer, and one row of what addresses name."""

    def __init__(self) -> None:
        owner = make_person("owner", Role.ADMINISTRATOR)
        gateway = make_gateway(admin_url="http://127.0.0.1:1")
        change = make_change(gateway=gateway, author=owner, state=State.APPLIED, pk=7)
        verdict = make_review(change.latest_revision(), owner, "break_glass")
        AfterReview.objects.create(review=verdict)
        make_delivery(change)
        make_resource(gateway, resource_id="r1")
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


def come(who: str) -> Person:
    if who == SUPER:
        return make_person("somebody", is_superuser=True)
    return make_person("somebody", Role(who) if who in set(Role) else None)


def send(client: Client, method: str, address: str, **sent: object) -> HttpResponse:
    """Send it, and undo whatever it did: each is judged on the same desk."""
    with transaction.atomic():
        answer = client.generic(method, address, **sent)
        transaction.set_rollback(True)
    return answer


def judge(answer: HttpResponse, *, let_in: bool) -> str:
    status = answer.status_code
    if status >= 500 and status != 503:
        return f"{status}"
    if let_in == (status not in REFUSED):
        return ""
    return f"{status}, {'should be let in' if let_in else 'should be refused'}"


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_a_role_gets_where_the_table_says(who: str) -> None:
    desk, client, wrong = Desk(), Client(), []
    client.force_login(come(who))
    session = client.session
    session[SIGNED_IN_AT] = timezone.now().isoformat()
    session.save()

    for name, template, _ in patterns("web"):
        declared = PAGES.get(name)
        if declared is None:
            continue
        address = desk.address(name, template) + declared.query
        for method, need in (("GET", declared.get), ("POST", declared.post)):
            if need is None:
                continue
            answer = send(
                client,
                method,
                address,
                data=urlencode(declared.form | desk.seen) if method == "POST" else "",
                content_type="application/x-www-form-urlencoded",
            )
            if words := judge(answer, let_in=allowed(need, who)):
                wrong.append(f"{method} {name}: {words}")
    assert not wrong, "\n".join([who, *wrong])


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_a_role_s_token_gets_where_the_table_says(who: str) -> None:
    """As far as a token reaches: what only people do has no operation."""
    desk, wrong = Desk(), []
    _, secret = make_token(come(who))

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
    assert not wrong, "\n".join(wrong)


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_a_role_s_token_asks_through_the_facade_what_the_table_says(who: str) -> None:
    gateway, wrong = make_gateway(admin_url="http://127.0.0.1:1"), []
    _, secret = make_token(come(who))

    for name, (need, body) in FACADE.items():
        method, _, path = name.partition(" ")
        for door in ("", f"/g/{gateway.slug}"):
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
    assert not wrong, "\n".join(wrong)


@pytest.mark.django_db
def test_a_stranger_is_sent_to_sign_in() -> None:
    desk, wrong = Desk(), []
    for name, template, _ in patterns("web"):
        declared = PAGES.get(name)
        if declared is None or Anyone.STRANGER in (declared.get, declared.post):
            continue
        for method, need in (("GET", declared.get), ("POST", declared.post)):
            if need is not None:
                answer = send(Client(), method, desk.address(name, template))
                if not answer.headers.get("Location", "").startswith(
                    "/accounts/login/"
                ):
                    wrong.append(f"{method} {name}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
