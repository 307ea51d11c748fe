"""Pages of ChatGPT may call the API from a browser, without cookies; nobody else's."""

import pytest
from django.test import Client

from tests.api.conftest import Program

pytestmark = pytest.mark.django_db
ALLOWED = ["https://chat.openai.com", "https://chatgpt.com", "http://localhost:5000"]


def preflight(origin: str, path: str, headers: str = "authorization") -> dict[str, str]:
    response = Client().options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": headers,
        },
    )
    return dict(response.items())


@pytest.mark.parametrize("origin", ALLOWED)
@pytest.mark.parametrize(
    "path",
    [
        "/api/routes",
        "/mcp",
        "/openapi.yaml",
        "/.well-known/ai-plugin.json",
        "/logo.png",
    ],
)
def test_a_preflight_of_an_allowed_page_passes(origin: str, path: str) -> None:
    answer = preflight(origin, path, "authorization, content-type, idempotency-key")

    assert answer["access-control-allow-origin"] == origin
    allowed = answer["access-control-allow-headers"].split(", ")
    assert set(allowed) == {
        "authorization",
        "content-type",
        "idempotency-key",
        "mcp-method",
        "mcp-name",
        "mcp-protocol-version",
    }
    assert "PATCH" in answer["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in answer


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://chatgpt.com.evil.example",
        "http://chatgpt.com",
        "https://localhost:5000",
        "null",
    ],
)
def test_another_page_gets_no_permission(origin: str) -> None:
    assert "access-control-allow-origin" not in preflight(origin, "/api/routes")


@pytest.mark.parametrize(
    "path", ["/", "/changes/", "/admin/", "/tokens/", "/accounts/login/", "/metrics"]
)
def test_pages_for_people_give_no_page_permission(path: str) -> None:
    assert "access-control-allow-origin" not in preflight("https://chatgpt.com", path)


def test_an_answer_may_be_read_by_an_allowed_page(alice: Program) -> None:
    response = alice.get("/api/gateways", Origin="https://chatgpt.com")

    assert response["access-control-allow-origin"] == "https://chatgpt.com"
    assert "access-control-allow-credentials" not in response
    assert "X-Request-ID" in response["access-control-expose-headers"]
