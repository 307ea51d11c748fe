"""Every address, every kind of request, on a gateway that was retired: it is left alone,
and whoever asked is told why.
"""

import re
from json import dumps
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from gateway.models import Gateway
from portal.changes.models import ChangeRequest, Delivery, DeliveryState
from portal.changes.states import State
from portal.drift.models import Drift
from tests.factories import (
    Cast,
    make_cast,
    make_change,
    make_delivery,
    make_drift,
    make_gateway,
    make_resource,
    make_token,
)
from tests.sandbox import SandboxGateway
from tests.test_no_token_decides import REQUESTS, Anything, body, signed_in, urls

STATES = (
    State.IN_REVIEW,
    State.APPROVED,
    State.FAILED,
    State.APPLIED,
    State.CONFLICTED,
)


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def retired(people: Cast, sandbox: SandboxGateway) -> Gateway:
    """A gateway that answers, with changes in every state, that is out of service."""
    gateway = make_gateway(
        admin_url=sandbox.admin_url,
        admin_key=sandbox.key,
        version="",
        retired_at=timezone.now(),
    )
    make_gateway("other")
    make_resource(gateway, resource_id="r1")
    make_drift(gateway, pk=1)
    for number, state in enumerate(STATES, 1):
        change = make_change(
            gateway=gateway, author=people.admin, state=state, pk=number
        )
        if state is not State.IN_REVIEW:
            make_delivery(
                change,
                state=DeliveryState.PENDING
                if state is State.APPROVED
                else DeliveryState.FAILED,
            )
    return gateway


def what_is_there(gateway: Gateway) -> dict[str, Any]:
    return {
        "gateway": Gateway.objects.filter(pk=gateway.pk).values().get(),
        "drifts": list(Drift.objects.values()),
        "deliveries": list(Delivery.objects.order_by("pk").values()),
        "changes": sorted(ChangeRequest.objects.values_list("pk", flat=True)),
    }


def sent_everywhere(
    client: Client, headers: dict[str, str], **fields: str
) -> list[str]:
    """Send every kind of request to every address; return what went wrong."""
    drift, wrong = Drift.objects.get(), []
    addresses = {
        url
        for number in range(1, len(STATES) + 1)
        for kind in ("routes", "route")
        for url in urls(
            Anything(number=number, slug="default", kind=kind, resource_id="r1")
        )
    }
    for url in sorted(addresses):
        # Ending the session, and a person's own affairs.
        if re.search(r"logout|login|password|tokens|admin/accounts", url):
            continue
        digest = ChangeRequest.objects.get(pk=1).latest_revision().digest
        for method, content in REQUESTS:
            answer = client.generic(
                method,
                f"{url}?gateway=default",
                data=body(content, digest, seen=drift.live_digest),
                content_type=content,
                headers=headers,
            )
            # How well the desk itself is, is another question.
            if answer.status_code >= 500 and url != "/readyz":
                wrong.append(f"{method} {url}: {answer.status_code}")
    return wrong


def test_no_page_writes_to_it(
    people: Cast, retired: Gateway, sandbox: SandboxGateway
) -> None:
    before = what_is_there(retired)
    client = signed_in(people.admin)
    client.handler.enforce_csrf_checks = False

    assert sent_everywhere(client, {}) == []

    assert what_is_there(retired) == before
    assert [one for one in sandbox.requests() if one["method"] != "GET"] == []


def test_no_program_writes_to_it(
    people: Cast, retired: Gateway, sandbox: SandboxGateway
) -> None:
    before = what_is_there(retired)
    secret = make_token(people.admin)[1]

    assert sent_everywhere(Client(), {"authorization": f"Bearer {secret}"}) == []

    assert what_is_there(retired) == before
    assert sandbox.requests() == []


ASKED = {
    "reason": "It is time.",
    "title": "Make room",
    "items": [{"action": "delete", "kind": "route", "id": "r1"}],
}


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/api/changes", ASKED | {"gateway": "default"}),
        ("POST", "/api/changes/preview", ASKED | {"gateway": "default"}),
        ("DELETE", "/api/routes/r1?gateway=default&reason=over", None),
        ("GET", "/api/routes?gateway=default", None),
        ("GET", "/api/plugins?gateway=default", None),
        ("GET", "/api/schemas/route?gateway=default", None),
        ("GET", "/api/gateways/default/drift", None),
        ("POST", "/api/gateways/default/drift/1", {"action": "revert", "reason": "x"}),
        ("GET", "/api/gateways/default/export?format=apisix", None),
        ("GET", "/api/gateways/default/imports/1", None),
        ("POST", "/api/changes/4/rollback", {"reason": "x"}),
        ("POST", "/api/changes/5/rebase", {}),
        (
            "POST",
            "/api/simulate",
            {"request": {"method": "GET", "url": "http://a/b"}, "change": 1},
        ),
        (
            "POST",
            "/api/gateways/other/promote",
            {
                "from": "default",
                "items": [{"kind": "route", "id": "r1"}],
                "reason": "x",
            },
        ),
        (
            "POST",
            "/api/gateways/default/promote",
            {"from": "other", "items": [{"kind": "route", "id": "r1"}], "reason": "x"},
        ),
    ],
)
def test_a_program_is_told_why(
    people: Cast, retired: Gateway, method: str, path: str, sent: Any
) -> None:
    secret = make_token(people.admin)[1]

    answer = Client().generic(
        method,
        path,
        data="" if sent is None else dumps(sent),
        content_type="application/json",
        headers={"authorization": f"Bearer {secret}"},
    )

    assert answer.status_code == 403, answer.content.decode()
    assert "Gateway default is retired" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gateways/default/"),
        ("GET", "/gateways/default/routes/"),
        ("GET", "/gateways/default/routes/r1/"),
        ("GET", "/gateways/default/simulator/"),
        ("GET", "/gateways/default/transfer/"),
        ("POST", "/gateways/default/transfer/"),
        ("POST", "/gateways/default/transfer/export/"),
        ("POST", "/gateways/default/schemas/"),
        ("GET", "/gateways/default/promote/"),
        ("GET", "/gateways/other/promote/?from=default&pick=route/r1"),
        ("GET", "/gateways/default/drift/"),
        ("GET", "/gateways/default/drift/rules/"),
        ("POST", "/gateways/default/drift/1/adopt/"),
        ("GET", "/changes/1/"),
        ("POST", "/changes/1/approve/"),
        ("POST", "/changes/2/cancel/"),
        ("POST", "/changes/3/retry/"),
        ("GET", "/changes/1/revise/"),
        ("GET", "/changes/4/rollback/"),
        ("GET", "/changes/5/rebase/"),
    ],
)
def test_a_person_is_told_why(
    people: Cast, retired: Gateway, method: str, path: str
) -> None:
    client = signed_in(people.admin)
    client.handler.enforce_csrf_checks = False
    revision = ChangeRequest.objects.get(pk=1).latest_revision()

    answer = client.generic(
        method,
        path,
        data=f"revision=1&digest={revision.digest}&comment=yes",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code < 500
    assert "Gateway default is retired" in answer.content.decode()
