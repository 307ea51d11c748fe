"""Every error becomes problem+json, in one place."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.db import OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions
from rest_framework.request import Request

import portal.accounts.errors
import portal.changes.errors
from portal.api.errors import DRF_CODES, answer_error
from portal.changes.errors import Blocked
from portal.errors import GatehouseError
from portal.wire.problems import CODES, field_errors
from tests.api.conftest import Program


def answered(error: Exception) -> tuple[Any, dict[str, Any]]:
    request = Request(RequestFactory().get("/api/routes"))
    response = answer_error(error, {"request": request})
    return response, orjson.loads(orjson.dumps(response.data))


def all_errors(base: type[GatehouseError] = GatehouseError) -> Iterator[type[Any]]:
    for one in base.__subclasses__():
        yield one
        yield from all_errors(one)


def test_every_error_of_an_operation_has_a_code_with_words() -> None:
    told = {error.code for error in all_errors()} - {"error"}

    assert {"blocked", "not_allowed", "gateway_down"} <= told
    assert told <= set(CODES)
    assert set(DRF_CODES.values()) <= set(CODES)
    assert portal.accounts.errors.NotVisible in set(all_errors())
    assert portal.changes.errors.KeyReused in set(all_errors())


@pytest.mark.parametrize(
    "error", sorted(set(all_errors()), key=str), ids=lambda error: error.__name__
)
def test_every_error_of_an_operation_becomes_its_status(
    error: type[GatehouseError],
) -> None:
    response, body = answered(error("Mend it.", field="items.0.id"))

    assert response.status_code == body["status"] == error.status
    assert response.content_type == "application/problem+json"
    assert (body["code"], body["detail"]) == (error.code, "Mend it.")
    assert body["errors"] == [{"field": "items.0.id", "detail": "Mend it."}]
    assert body["instance"] == "/api/routes"


def test_findings_are_told_in_a_short_answer() -> None:
    findings = [{"code": "c", "words": "w" * 1_900} for _ in range(5_000)]

    _, body = answered(Blocked("No.", findings=findings))

    assert body["findings"][0] == findings[0]
    assert len(orjson.dumps(body)) < 100_000


def test_an_unexpected_error_is_logged_and_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response, body = answered(RuntimeError("the admin key is 1234"))

    assert response.status_code == 500
    assert body["code"] == "internal"
    assert "1234" not in str(body)
    assert "unexpected error" in caplog.text


def test_a_busy_database_is_503_to_be_tried_again() -> None:
    response, body = answered(OperationalError("database is locked"))

    assert response.status_code == 503
    assert response["Retry-After"]
    assert body["code"] == "busy"
    assert "locked" not in body["detail"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("secret"), 404, "not_found"),
        (exceptions.PermissionDenied(), 403, "not_allowed"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.UnsupportedMediaType("x"), 415, "unsupported_media_type"),
        (exceptions.Throttled(wait=7.4), 429, "too_many_requests"),
        (exceptions.ParseError("x"), 400, "malformed"),
    ],
)
def test_the_framework_s_errors_become_problems_too(
    error: Exception, status: int, code: str
) -> None:
    response, body = answered(error)

    assert (response.status_code, body["code"]) == (status, code)
    assert "secret" not in body["detail"]
    if status == 429:
        assert response["Retry-After"] == "8"


def test_nested_errors_are_told_by_dotted_field() -> None:
    detail = {
        "items": [{}, {"id": ["Wrong."]}],
        "non_field_errors": ["Odd."],
        "route": {"upstream": {"nodes": {"a:1": ["No weight."]}}},
    }

    assert list(field_errors(detail)) == [
        {"field": "items.1.id", "detail": "Wrong."},
        {"field": "", "detail": "Odd."},
        {"field": "route.upstream.nodes.a:1", "detail": "No weight."},
    ]


@pytest.mark.usefixtures("gateway")
def test_answers_about_a_person_are_not_kept_by_caches(alice: Program) -> None:
    assert alice.get("/api/routes")["Cache-Control"] == "private, no-cache"
    assert alice.get("/api/changes/99")["Cache-Control"] == "no-store"
