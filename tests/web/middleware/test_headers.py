"""What every answer tells a browser: what it may load, and what it may be used for."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import (
    Cast,
    make_cast,
    make_change,
    make_drift,
    make_gateway,
    make_resource,
)
from tests.test_no_token_decides import Anything, urls
from tests.web.conftest import sign_in

pytestmark = pytest.mark.django_db

# Swagger UI sets styles on its own elements; it runs no script but its own file.
STYLED_BY_ITSELF = "/api/docs"


@pytest.fixture
def people() -> Cast:
    return make_cast()


def test_every_address_answers_with_headers_that_keep_others_out(people: Cast) -> None:
    gateway = make_gateway()
    change = make_change(gateway=gateway, author=people.alice)
    make_resource(gateway, "route", "r1")
    numbers = Anything(
        number=change.number,
        slug=gateway.slug,
        kind="routes",
        resource_id="r1",
        pk=make_drift(gateway).pk,
    )
    client = sign_in(people.admin, raise_request_exception=False)
    pages = 0

    for url in [*urls(numbers), "/nothing/", "/static/css/tokens.css"]:
        answer = client.get(url)

        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, url
        assert "frame-ancestors 'none'" in policy, url
        assert "unsafe-eval" not in policy, url
        assert "unsafe-inline" not in policy or url == STYLED_BY_ITSELF, url
        assert answer.headers["Referrer-Policy"] == "same-origin", url
        assert "camera=()" in answer.headers["Permissions-Policy"], url
        assert answer.headers["X-Content-Type-Options"] == "nosniff", url
        answer.close()
        pages += answer.headers.get("Content-Type", "").startswith("text/html")
    # Or nothing was looked at.
    assert pages > 50


def test_whoever_came_by_tls_shall_come_so_again(db: None, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000

    answer = Client().get("/accounts/login/", secure=True)

    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in Client().get("/accounts/login/").headers
