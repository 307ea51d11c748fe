"""Too many requests in a minute are refused with the time to wait."""

from typing import Any

import pytest
import time_machine
from django.test import Client

from gateway.models import Gateway
from tests.api.conftest import Program, assert_problem, program_of
from tests.factories import Cast

MINUTE = "2026-11-21T10:00:07Z"


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(MINUTE, tick=False) as traveller:
        yield traveller


def test_a_token_s_requests_of_a_minute_are_limited(
    gateway: Gateway, people: Cast, settings: Any, clock: Any
) -> None:
    settings.API_RATE_TOKEN = 3
    one, other = (program_of(people.alice, name=name) for name in ("one", "other"))

    assert [one.get("/api/gateways").status_code for _ in range(4)] == [
        200,
        200,
        200,
        429,
    ]
    refused = one.get("/api/gateways")
    assert_problem(refused, 429, "too_many_requests")
    assert refused["Retry-After"] == "53"
    assert other.get("/api/gateways").status_code == 200
    clock.shift(int(refused["Retry-After"]))
    assert one.get("/api/gateways").status_code == 200


def test_a_person_s_tokens_count_together(
    gateway: Gateway, people: Cast, settings: Any
) -> None:
    settings.API_RATE_PERSON = 3
    one, other = (program_of(people.alice, name=name) for name in ("one", "other"))
    riley = program_of(people.riley)

    answers = [p.get("/api/gateways").status_code for p in (one, other, one, other)]

    assert answers == [200, 200, 200, 429]
    assert riley.get("/api/gateways").status_code == 200


def test_bad_tokens_from_one_address_are_limited_but_good_ones_pass(
    gateway: Gateway, alice: Program, settings: Any
) -> None:
    settings.API_RATE_FAILED = 3

    def bad(address: str) -> Any:
        return Client(REMOTE_ADDR=address).get(
            "/api/gateways", headers={"Authorization": "Bearer wrong-wrong"}
        )

    statuses = [bad("10.0.0.1").status_code for _ in range(5)]

    assert statuses == [401, 401, 401, 429, 429]
    assert bad("10.0.0.1")["Retry-After"] == "53"
    assert bad("10.0.0.2").status_code == 401
    assert alice.get("/api/gateways", Remote_Addr="10.0.0.1").status_code == 200


def test_no_limit_means_none(gateway: Gateway, alice: Program, settings: Any) -> None:
    settings.API_RATE_TOKEN = settings.API_RATE_PERSON = 0

    assert {alice.get("/api/gateways").status_code for _ in range(10)} == {200}


def test_answers_tell_what_is_left_of_the_tighter_limit(
    gateway: Gateway, people: Cast, settings: Any
) -> None:
    settings.API_RATE_TOKEN, settings.API_RATE_PERSON = 3, 5
    one, other = (program_of(people.alice, name=name) for name in ("one", "other"))

    told = [left(program.get("/api/gateways")) for program in (one, one, other)]

    assert told == [("3", "2"), ("3", "1"), ("5", "2")]
    assert left(other.get("/api/gateways")) == ("5", "1")
    last = one.get("/api/gateways")
    assert left(last) == ("5", "0")
    assert last["RateLimit-Reset"] == "53"
    refused = other.get("/api/gateways")
    assert (refused.status_code, left(refused)) == (429, ("5", "0"))


def test_without_a_limit_nothing_is_told(
    gateway: Gateway, alice: Program, settings: Any
) -> None:
    settings.API_RATE_TOKEN = settings.API_RATE_PERSON = 0

    assert "RateLimit-Limit" not in alice.get("/api/gateways")


def left(response: Any) -> tuple[str, str]:
    return response["RateLimit-Limit"], response["RateLimit-Remaining"]
