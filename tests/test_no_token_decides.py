"""Every kind of token, at every URL, with a valid CSRF pair and a session beside it:
nothing is decided, delivered or changed but what a program may ask for. What `/mcp` does
is in the message, not in the address: tests/mcp/test_nothing_decided.py calls every tool.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.middleware.csrf import _get_new_csrf_string, _mask_cipher_secret
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.models import (
    ApiToken,
    Grant,
    Membership,
    Person,
    PolicyChange,
    Program,
)
from portal.accounts.presence import SIGNED_IN_AT
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    DeliveryState,
    Review,
    RuleSet,
)
from portal.changes.states import State
from portal.drift.models import Drift, DriftRule
from tests.factories import (
    Cast,
    make_access,
    make_cast,
    make_change,
    make_delivery,
    make_drift,
    make_gateway,
    make_person,
    make_policy_change,
    make_program,
    make_token,
)

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
REQUESTS = (
    ("GET", FORM),
    ("POST", FORM),
    ("POST", JSON),
    ("PUT", JSON),
    ("PATCH", JSON),
    ("DELETE", JSON),
)
# What a program may bring about: asking and taking back, never deciding.
MAY_HAPPEN = {"change.submitted", "change.withdrawn"}
# A body that satisfies any of the portal's forms and API's inputs as far as possible.
BODY = {
    "revision": "1",
    "comment": "yes",
    "verdict": "approve",
    "text": "yes",
    "name": "x",
    "scopes": "gateway:read",
    "days": "30",
    "action": "approve_selected",
    "_selected_action": "1",
    "post": "yes",
    "password": "x",
    "username": "riley",
    "reason": "yes",
    "kind": "route",
    "decision": "allow",
}


def urls(numbers: dict[str, Any]) -> Iterator[str]:
    """Yield one address for every pattern of the resolver."""
    for template in sorted(set(_templates(get_resolver(), ""))):
        yield "/" + template % numbers


def _templates(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        for spelled in _spelled_out(str(pattern.pattern)):
            text = prefix + _text(spelled)
            if isinstance(pattern, URLResolver):
                yield from _templates(pattern, text)
            elif isinstance(pattern, URLPattern):
                yield text


WORDS = re.compile(r"\(\?P<\w+>([\w-]+(?:\|[\w-]+)*)\)")


def _text(pattern: str) -> str:
    pattern = re.sub(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\))?[^()]*\)", r"%(\1)s", pattern)
    pattern = re.sub(r"<(?:\w+:)?(\w+)>", r"%(\1)s", pattern)
    return (
        pattern.replace("^", "").replace("$", "").replace("\\Z", "").replace("\\", "")
    )


def _spelled_out(pattern: str) -> Iterator[str]:
    """Yield the pattern with each word of a choice such as `(?P<act>approve|reject)`."""
    choice = WORDS.search(pattern)
    if choice is None:
        yield pattern
        return
    for word in choice.group(1).split("|"):
        yield from _spelled_out(
            pattern[: choice.start()] + word + pattern[choice.end() :]
        )


class Anything(dict[str, Any]):
    """Fills placeholders that no test names."""

    def __missing__(self, key: str) -> str:
        return "1"


def state_of_everything() -> dict[str, Any]:
    return {
        "reviews": Review.objects.count(),
        "drifts": list(Drift.objects.order_by("pk").values("pk", "state", "change")),
        "rules": DriftRule.objects.count(),
        "policy": list(PolicyChange.objects.order_by("pk").values("pk", "state")),
        "review_rules": RuleSet.objects.count(),
        "deliveries": list(Delivery.objects.values("pk", "state")),
        "tokens": list(ApiToken.objects.order_by("pk").values("pk", "revoked_at")),
        "programs": list(Program.objects.order_by("pk").values()),
        "codes": Grant.objects.count(),
        "memberships": list(Membership.objects.order_by("pk").values()),
        "gateways": list(Gateway.objects.order_by("pk").values()),
        "people": list(
            get_user_model()
            .objects.order_by("pk")
            .values("pk", "password", "is_superuser")
        ),
        "states": list(
            ChangeRequest.objects.filter(pk__in=(1, 2, 3))
            .order_by("pk")
            .values("pk", "state")
        ),
    }


def credentials(secrets: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {
        "bearer": {"authorization": f"Bearer {secrets['riley']}"},
        "bearer-admin": {"authorization": f"Bearer {secrets['admin']}"},
        "x-api-key": {"x-api-key": secrets["riley"]},
        "basic": {"authorization": "Basic cmlsZXk6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"},
        "wrong": {"authorization": "Bearer nonsense"},
        "program": {"authorization": f"Bearer {secrets['program']}"},
        "program-admin": {"authorization": f"Bearer {secrets['program-admin']}"},
    }


# Whatever a token might do by itself it might do beside a session, too; so those that
# come alone are the strongest.
BESIDE = [(credential, True) for credential in credentials(defaultdict(str))]
ALONE = [("bearer-admin", False), ("program-admin", False)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("credential", "beside_a_session"),
    [*BESIDE, *ALONE],
    ids=[
        f"{name}-{'with-session' if both else 'alone'}" for name, both in BESIDE + ALONE
    ],
)
def test_no_token_decides_anything(credential: str, *, beside_a_session: bool) -> None:
    people = make_cast()
    program = make_program()
    headers = credentials(
        {
            "riley": make_token(people.riley)[1],
            "admin": make_token(people.admin)[1],
            "program": make_access(program, people.riley),
            "program-admin": make_access(program, people.admin),
        }
    )[credential]
    # A real session of somebody who may decide; the token must make it void.
    client = (
        signed_in(people.admin)
        if beside_a_session
        else Client(enforce_csrf_checks=True)
    )

    nothing_is_decided(client, people, headers)


@pytest.mark.django_db
def test_no_token_in_a_cookie_or_an_address_decides_anything() -> None:
    """APISIX takes its key so, too; here it opens nothing."""
    people = make_cast()
    secret = make_token(people.riley)[1]
    client = Client(enforce_csrf_checks=True)
    for name in ("x_api_key", "token", "access_token"):
        client.cookies[name] = secret

    nothing_is_decided(
        client, people, {}, query=f"?api_key={secret}&access_token={secret}"
    )


@pytest.mark.django_db
def test_the_same_requests_decide_when_a_person_sends_them() -> None:
    """What proves nothing above must be able to do something here."""
    people = make_cast()
    client = signed_in(people.admin)

    before, after, _ = everything_sent(client, people, {})

    assert after["reviews"] == before["reviews"] + 1
    assert {row["pk"]: row["state"] for row in after["states"]} == {
        1: State.WITHDRAWN,  # approved, then cancelled
        2: State.WITHDRAWN,
        3: State.APPROVED,
    }
    assert len(after["tokens"]) > len(before["tokens"])
    assert [row["state"] for row in after["drifts"]] == ["adopted"]
    assert [row["state"] for row in after["policy"]] == ["accepted"]
    assert after["review_rules"] == 1
    happened = set(AuditEvent.objects.values_list("event", flat=True))
    assert {"drift_rule.added", "drift_rule.removed", "program.connected"} <= happened


def signed_in(person: Person) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    session = client.session
    session[SIGNED_IN_AT] = timezone.now().isoformat()
    session.save()
    return client


def nothing_is_decided(
    client: Client, people: Cast, headers: dict[str, str], query: str = ""
) -> None:
    before, after, sent = everything_sent(client, people, headers, query)

    assert sent > 200
    assert after == before
    happened = set(AuditEvent.objects.values_list("event", flat=True))
    assert happened <= MAY_HAPPEN, happened


def everything_sent(
    client: Client, people: Cast, headers: dict[str, str], query: str = ""
) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Send every kind of request to every URL; return what was, what is, how many."""
    gateway = make_gateway(admin_url="http://127.0.0.1:1")
    for number, state in ((1, State.IN_REVIEW), (2, State.APPROVED), (3, State.FAILED)):
        change = make_change(
            gateway=gateway, author=people.alice, state=state, pk=number
        )
        if state is State.FAILED:
            make_delivery(change, state=DeliveryState.FAILED)
    digest = ChangeRequest.objects.get(pk=1).latest_revision().digest
    drift = make_drift(gateway, pk=1)
    # Numbered here: what the database would give depends on the tests before this one.
    DriftRule.objects.create(pk=1, reason="Built elsewhere.", author=people.admin)
    make_policy_change(
        make_person("ada", Role.ADMINISTRATOR),
        pk=1,
        wanted={"rules": [{"name": "No", "when": {}, "last_editor_counts": False}]},
    )
    consent = address_of(make_program())
    secret = _get_new_csrf_string()
    client.cookies[settings.CSRF_COOKIE_NAME] = secret
    headers["x-csrftoken"] = _mask_cipher_secret(secret)
    before, sent = state_of_everything(), 0
    # Deciding first: what a later request does must not hide it.
    addresses = sorted(
        {
            url
            for number in (1, 2, 3)
            for url in urls(Anything(number=number, slug=gateway.slug, kind="routes"))
        }
        | {consent},
        key=lambda url: ("approve" not in url, "reject" in url, url),
    )
    for url in addresses:
        if re.search(r"logout|login|password", url):
            continue  # ends the session this test needs
        for method, content in REQUESTS:
            response = client.generic(
                method,
                url + (query.replace("?", "&") if "?" in url else query),
                data=body(content, digest, seen=drift.live_digest),
                content_type=content,
                headers=headers,
            )
            sent += 1
            assert response.status_code < 500 or response.status_code == 503, (
                f"{method} {url}: {response.status_code}"
            )
    return before, state_of_everything(), sent


def address_of(program: Program) -> str:
    """Where this program asks a person to let it in."""
    return "/o/authorize/?" + urlencode(
        {
            "response_type": "code",
            "client_id": program.client_id,
            "code_challenge": "x" * 43,
            "code_challenge_method": "S256",
        }
    )


def body(content: str, digest: str, seen: str) -> str:
    fields = BODY | {"digest": digest, "seen": seen}
    return dumps(fields) if content == JSON else urlencode(fields)
