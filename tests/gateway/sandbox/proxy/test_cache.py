"""proxy-cache gives answers again, when and to whom it may."""

from typing import Any

import pytest

from tests.gateway.sandbox.proxy.plane import Plane
from tests.waiting import eventually

STATUS = "apisix-cache-status"
MEMORY = {"cache_strategy": "memory", "cache_zone": "memory_cache"}


def caching(plane: Plane, **conf: Any) -> None:
    plane.plugin("proxy-cache", {**MEMORY, **conf})


def seen(plane: Plane, times: int, *args: Any, **options: Any) -> list[str]:
    return [plane.get(*args, **options).headers[STATUS] for _ in range(times)]


def test_second_answer_comes_from_memory(plane: Plane) -> None:
    caching(plane)
    plane.echo.text, plane.echo.headers = "first", {"X-Kept": "1"}
    first = plane.get()
    plane.echo.text = "second"
    second = plane.get()
    assert first.headers[STATUS] == "MISS"
    assert second.headers[STATUS] == "HIT"
    assert second.text == first.text == "first"
    assert second.headers["x-kept"] == "1"
    assert second.headers["content-type"] == first.headers["content-type"]
    assert int(second.headers["age"]) >= 0
    assert len(plane.echo.seen) == 1


def test_other_addresses_and_hosts_are_kept_apart(plane: Plane) -> None:
    caching(plane)
    assert seen(plane, 1, "/a") == ["MISS"]
    assert seen(plane, 1, "/a?x=1") == ["MISS"]
    assert seen(plane, 1, "/a", headers={"Host": "foo.org"}) == ["MISS"]
    assert seen(plane, 1, "/a") == ["HIT"]


def test_key_may_be_chosen(plane: Plane) -> None:
    caching(plane, cache_key=["$uri", "-fixed"])
    assert [*seen(plane, 1, "/a?x=1"), *seen(plane, 1, "/a?x=2")] == ["MISS", "HIT"]


def test_answer_expires(plane: Plane) -> None:
    caching(plane, cache_ttl=1)
    assert seen(plane, 1) == ["MISS"]
    statuses: list[str] = []

    def expired() -> bool:
        statuses.extend(seen(plane, 1))
        return statuses[-1] == "EXPIRED"

    eventually(expired, "the answer expired")
    assert set(statuses) <= {"HIT", "EXPIRED"}


@pytest.mark.parametrize(
    ("conf", "request_options", "expected"),
    [
        ({"cache_bypass": ["$arg_b"]}, {"params": {"b": "1"}}, ["BYPASS", "BYPASS"]),
        ({"cache_bypass": ["$arg_b"]}, {"params": {"b": "0"}}, ["MISS", "HIT"]),
        ({"no_cache": ["$arg_n"]}, {"params": {"n": "1"}}, ["MISS", "MISS"]),
        ({"cache_method": ["POST"]}, {}, ["MISS", "MISS"]),
        ({"cache_http_status": [404]}, {}, ["MISS", "MISS"]),
        (
            {"cache_control": True},
            {"headers": {"Cache-Control": "no-store"}},
            ["BYPASS", "BYPASS"],
        ),
        ({}, {"headers": {"Cache-Control": "no-store"}}, ["MISS", "HIT"]),
    ],
)
def test_what_is_not_kept(
    plane: Plane,
    conf: dict[str, Any],
    request_options: dict[str, Any],
    expected: list[str],
) -> None:
    caching(plane, **conf)
    assert seen(plane, 2, **request_options) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Cache-Control": "max-age=60"}, ["MISS", "HIT"]),
        ({"Cache-Control": "private, max-age=60"}, ["MISS", "MISS"]),
        ({"Cache-Control": "max-age=60, s-maxage=0"}, ["MISS", "MISS"]),
        ({"Cache-Control": "no-cache"}, ["MISS", "MISS"]),
        ({}, ["MISS", "MISS"]),
    ],
)
def test_wishes_of_the_upstream_are_honoured_when_asked_to(
    plane: Plane, headers: dict[str, str], expected: list[str]
) -> None:
    caching(plane, cache_control=True)
    plane.echo.headers = headers
    assert seen(plane, 2) == expected


def test_wishes_of_the_client_are_honoured_when_asked_to(plane: Plane) -> None:
    caching(plane, cache_control=True)
    plane.echo.headers = {"Cache-Control": "max-age=60"}
    only_cached = {"Cache-Control": "only-if-cached"}
    assert plane.get(headers=only_cached).status_code == 504
    assert seen(plane, 1) == ["MISS"]
    assert plane.get(headers=only_cached).headers[STATUS] == "HIT"
    fresh = {"Cache-Control": "min-fresh=3600"}
    assert seen(plane, 1, headers=fresh) == ["STALE"]


def test_cookies_are_not_given_to_somebody_else(plane: Plane) -> None:
    caching(plane)
    plane.echo.headers = {"Set-Cookie": "session=1"}
    assert seen(plane, 2) == ["MISS", "MISS"]
    caching(plane, cache_set_cookie=True)
    assert seen(plane, 2) == ["MISS", "HIT"]


def test_consumers_do_not_see_each_others_answers(plane: Plane) -> None:
    for name in ("jack", "anne"):
        plane.consumer(name, plugins={"key-auth": {"key": name}})
    plane.route(plugins={"key-auth": {}, "proxy-cache": MEMORY})
    jack, anne = {"apikey": "jack"}, {"apikey": "anne"}
    assert seen(plane, 2, headers=jack) == ["MISS", "HIT"]
    assert seen(plane, 1, headers=anne) == ["MISS"]
    plane.route(
        plugins={"key-auth": {}, "proxy-cache": {**MEMORY, "consumer_isolation": False}}
    )
    assert seen(plane, 1, headers=jack) == ["MISS"]
    assert seen(plane, 1, headers=anne) == ["HIT"]


def test_purging_forgets_an_answer(plane: Plane) -> None:
    caching(plane)
    assert plane.send("PURGE", "/hello").status_code == 404
    assert seen(plane, 2) == ["MISS", "HIT"]
    assert plane.send("PURGE", "/hello").status_code == 200
    assert seen(plane, 1) == ["MISS"]


def test_too_large_answers_pass_through(plane: Plane) -> None:
    caching(plane, max_resp_body_size=4)
    plane.echo.text = "larger"
    assert plane.get().text == "larger"
    assert seen(plane, 1) == ["MISS"]


def test_cache_headers_may_be_hidden(plane: Plane) -> None:
    caching(plane, hide_cache_headers=True)
    plane.echo.headers = {"Cache-Control": "max-age=9", "X-Kept": "1"}
    plane.get()
    headers = plane.get().headers
    assert "cache-control" not in headers
    assert headers["x-kept"] == "1"


def test_kept_answer_is_rewritten_each_time(plane: Plane) -> None:
    rewrite = {"status_code": 202, "headers": {"set": {"X-V": "$arg_v"}}}
    plane.plugin(
        "proxy-cache",
        {**MEMORY, "cache_key": ["$uri"]},
        **{"response-rewrite": rewrite},
    )
    assert plane.get("/a?v=1").headers["x-v"] == "1"
    again = plane.get("/a?v=2")
    assert (again.status_code, again.headers[STATUS]) == (202, "HIT")
    assert again.headers["x-v"] == "2"


def test_head_is_answered_from_memory_but_never_kept(plane: Plane) -> None:
    caching(plane)
    plane.echo.text = "five!"
    assert plane.send("HEAD", "/hello").headers[STATUS] == "MISS"
    assert plane.get().text == "five!"
    head = plane.send("HEAD", "/hello")
    assert (head.headers[STATUS], head.headers["content-length"]) == ("HIT", "5")


def test_disk_strategy_is_kept_in_memory_and_that_is_said(plane: Plane) -> None:
    plane.plugin("proxy-cache", {"cache_zone": "disk_cache_one"})
    answers = [plane.get() for _ in range(2)]
    assert [answer.headers[STATUS] for answer in answers] == ["MISS", "HIT"]
    said = answers[0].headers["x-sandbox-ignored-plugins"]
    assert said == "proxy-cache.cache_strategy"
