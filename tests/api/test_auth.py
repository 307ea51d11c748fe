"""Who calls: a person's program by its bearer token, and nothing else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.models import ApiToken, Scope
from portal.changes.models import ChangeRequest
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored
from tests.factories import Cast

ROUTE = {
    "reason": "The speakers' page needs it.",
    "route": {"uri": "/speaker/*", "upstream": {"url": "http://127.0.0.1:8000"}},
}


@pytest.mark.usefixtures("gateway")
def test_a_good_token_reads(alice: Program) -> None:
    assert alice.get("/api/routes").status_code == 200


@pytest.mark.usefixtures("gateway")
def test_no_token_is_401_with_a_challenge(db: None) -> None:
    response = Client().get("/api/routes")

    body = assert_problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith('Bearer realm="gatehouse"')
    assert "error=" not in response["WWW-Authenticate"]
    assert "/tokens/" in body["detail"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong-wrong-wrong",
        "Bearer ",
        "Bearer",
        "Basic YWxpY2U6c2VjcmV0",
        "bearer \x7f\x7f",
        "Bearer " + "x" * 5_000,
        "Token abc",
        "gatehouse_naked",
    ],
)
def test_a_bad_token_is_401(header: str, gateway: Gateway, alice: Program) -> None:
    response = Client().get("/api/routes", headers={"Authorization": header})

    assert_problem(response, 401, "not_authenticated")
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_an_expired_token_is_401(gateway: Gateway, alice: Program) -> None:
    before = timezone.now() - timedelta(seconds=1)
    ApiToken.objects.filter(pk=alice.token.pk).update(expires_at=before)

    assert_problem(alice.get("/api/routes"), 401, "not_authenticated")


def test_a_revoked_token_is_401(gateway: Gateway, alice: Program) -> None:
    ApiToken.objects.filter(pk=alice.token.pk).update(revoked_at=timezone.now())

    assert_problem(alice.get("/api/routes"), 401, "not_authenticated")


def test_a_deactivated_person_s_token_is_401(gateway: Gateway, alice: Program) -> None:
    alice.person.is_active = False
    alice.person.save()

    assert_problem(alice.get("/api/routes"), 401, "not_authenticated")


def test_a_session_alone_never_signs_in_to_the_api(
    gateway: Gateway, people: Cast, client: Client
) -> None:
    client.force_login(people.admin)
    before = stored()

    for response in (
        client.get("/api/routes"),
        client.post("/api/routes", ROUTE, content_type="application/json"),
    ):
        assert_problem(response, 401, "not_authenticated")
    assert stored() == before


def test_a_bad_token_is_not_saved_by_a_session(
    gateway: Gateway, people: Cast, client: Client
) -> None:
    client.force_login(people.admin)

    response = client.get("/api/routes", headers={"Authorization": "Bearer nonsense"})

    assert_problem(response, 401, "not_authenticated")


def test_a_token_without_the_scope_to_ask_is_403_and_stores_nothing(
    desk: Desk,
) -> None:
    reader = program_of(desk.people.alice, Scope.READ)
    before = stored()

    for response in (
        reader.post("/api/routes", ROUTE),
        reader.patch("/api/routes/r1", ROUTE),
        reader.delete("/api/routes/r1?reason=x"),
        reader.post("/api/changes", {}),
        reader.post("/api/changes/1/withdraw", {}),
    ):
        body = assert_problem(response, 403, "not_allowed")
        assert Scope.PROPOSE in body["detail"]
    assert stored() == before


@pytest.mark.parametrize(
    "path",
    [
        "/api/routes",
        "/api/routes/r1",
        "/api/changes",
        "/api/changes/1",
        "/api/gateways",
        "/api/plugins",
        "/api/resources/upstream",
    ],
)
def test_a_token_without_the_scope_to_read_is_403(
    path: str, gateway: Gateway, people: Cast
) -> None:
    writer = program_of(people.alice, Scope.PROPOSE)

    body = assert_problem(writer.get(path), 403, "not_allowed")
    assert Scope.READ in body["detail"]


def test_a_role_that_does_not_ask_is_403_and_stores_nothing(desk: Desk) -> None:
    auditor = program_of(desk.people.audrey)
    before = stored()

    assert_problem(auditor.post("/api/routes", ROUTE), 403, "not_allowed")
    assert stored() == before


def test_the_change_names_the_program_its_conversation_and_the_request(
    desk: Desk, alice: Program
) -> None:
    response = alice.post(
        "/api/routes",
        ROUTE,
        User_Agent="Mozilla/5.0 (compatible; ChatGPT-User/1.0)",
        openai_conversation_id="conv-42\u00e9",
        X_Request_ID="from-a-proxy-1",
    )

    assert response.status_code == 202, response.content
    change = ChangeRequest.objects.get()
    assert change.channel == "api"
    assert change.client == "ChatGPT"
    assert change.token == alice.token
    assert change.conversation.startswith("conv-42")
    assert response["X-Request-ID"] == "from-a-proxy-1"


def test_what_a_program_claims_to_be_stands_beside_its_token_s_name(
    desk: Desk,
) -> None:
    program = program_of(desk.people.alice, name="CI of team events")

    assert (
        program.post("/api/routes", ROUTE, User_Agent="curl/8.5.0").status_code == 202
    )
    assert ChangeRequest.objects.get().client == "CI of team events (curl)"


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "has blank inside", "-leading-dash", "inj\u00e9ction1"]
)
def test_a_malformed_request_id_is_replaced(
    given: str, gateway: Gateway, alice: Program
) -> None:
    answered = alice.get("/api/routes", X_Request_ID=given)["X-Request-ID"]

    assert answered != given
    assert len(answered) == 32
