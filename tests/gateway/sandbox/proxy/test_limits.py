"""limit-count, limit-req and ip-restriction let in whom they should."""

import time
from typing import Any

import pytest

from tests.gateway.sandbox.proxy.plane import Plane
from tests.waiting import eventually

HOUR = {"time_window": 3600}


def statuses(plane: Plane, times: int, **options: Any) -> list[int]:
    return [plane.get(**options).status_code for _ in range(times)]


class TestLimitCount:
    def test_requests_beyond_the_limit_are_refused(self, plane: Plane) -> None:
        plane.plugin("limit-count", {"count": 2, **HOUR})
        first, second, third = (plane.get() for _ in range(3))
        assert [one.status_code for one in (first, second, third)] == [200, 200, 503]
        assert first.headers["x-ratelimit-limit"] == "2"
        assert first.headers["x-ratelimit-remaining"] == "1"
        assert second.headers["x-ratelimit-remaining"] == "0"
        assert third.headers["x-ratelimit-remaining"] == "0"
        assert 0 < int(third.headers["x-ratelimit-reset"]) <= 3600
        assert "503 Service Temporarily Unavailable" in third.text
        assert len(plane.echo.seen) == 2

    def test_refusal_has_the_code_and_words_one_chooses(self, plane: Plane) -> None:
        conf = {"count": 1, **HOUR, "rejected_code": 429, "rejected_msg": "slower"}
        plane.plugin("limit-count", conf)
        plane.get()
        answer = plane.get()
        assert answer.status_code == 429
        assert answer.text == '{"error_msg":"slower"}\n'

    def test_headers_may_be_left_out(self, plane: Plane) -> None:
        conf = {"count": 1, **HOUR, "show_limit_quota_header": False}
        plane.plugin("limit-count", conf)
        assert not [name for name in plane.get().headers if "ratelimit" in name]

    def test_headers_may_have_other_names(self, plane: Plane) -> None:
        plane.put("plugin_metadata", "limit-count", {"limit_header": "X-Quota"})
        plane.plugin("limit-count", {"count": 1, **HOUR})
        headers = plane.get().headers
        assert headers["x-quota"] == "1"
        assert "x-ratelimit-limit" not in headers
        assert "x-ratelimit-remaining" in headers

    def test_the_count_starts_again_after_the_window(self, plane: Plane) -> None:
        plane.plugin("limit-count", {"count": 1, "time_window": 1})
        assert 503 in statuses(plane, 2)
        eventually(lambda: plane.get().status_code == 200, "the window is over")

    def test_sliding_window_remembers_the_one_before(self, plane: Plane) -> None:
        conf = {"count": 3, "time_window": 3600, "window_type": "sliding"}
        plane.plugin("limit-count", conf)
        assert statuses(plane, 4) == [200, 200, 200, 503]

    @pytest.mark.parametrize(
        ("key", "options"),
        [
            ({"key": "arg_user"}, lambda who: {"params": {"user": who}}),
            ({"key": "http_x_user"}, lambda who: {"headers": {"X-User": who}}),
            (
                {"key": "$arg_user $uri", "key_type": "var_combination"},
                lambda who: {"params": {"user": who}},
            ),
        ],
        ids=["argument", "header", "combination"],
    )
    def test_each_key_is_counted_by_itself(
        self, plane: Plane, key: dict[str, str], options: Any
    ) -> None:
        plane.plugin("limit-count", {"count": 1, **HOUR, **key})
        assert statuses(plane, 2, **options("jack")) == [200, 503]
        assert statuses(plane, 2, **options("anne")) == [200, 503]

    def test_constant_key_counts_everybody_together(self, plane: Plane) -> None:
        conf = {"count": 1, **HOUR, "key": "everybody", "key_type": "constant"}
        plane.plugin("limit-count", conf)
        assert statuses(plane, 2, params={"user": "a"}) == [200, 503]

    def test_missing_key_counts_by_address(self, plane: Plane) -> None:
        plane.plugin("limit-count", {"count": 1, **HOUR, "key": "arg_user"})
        assert statuses(plane, 2) == [200, 503]

    def test_routes_count_apart_unless_they_share_a_group(self, plane: Plane) -> None:
        apart = {"limit-count": {"count": 1, **HOUR}}
        plane.route("a", "/a", plugins=apart)
        plane.route("b", "/b", plugins=apart)
        assert (
            statuses(plane, 1, path="/a") + statuses(plane, 1, path="/b") == [200] * 2
        )
        shared = {"limit-count": {"count": 1, **HOUR, "group": "g"}}
        plane.route("a", "/a", plugins=shared)
        plane.route("b", "/b", plugins=shared)
        together = statuses(plane, 1, path="/a") + statuses(plane, 1, path="/b")
        assert together == [200, 503]

    def test_only_a_changed_limit_starts_the_count_anew(self, plane: Plane) -> None:
        plane.plugin("limit-count", {"count": 1, **HOUR})
        assert statuses(plane, 2) == [200, 503]
        plane.plugin("limit-count", {"count": 1, **HOUR}, cors={})
        assert statuses(plane, 1) == [503]
        plane.plugin("limit-count", {"count": 2, **HOUR})
        assert statuses(plane, 1) == [200]

    def test_limits_may_come_from_variables(self, plane: Plane) -> None:
        plane.plugin("limit-count", {"count": "$http_x_count", "time_window": "3600"})
        answer = plane.get(headers={"X-Count": "9"})
        assert answer.headers["x-ratelimit-limit"] == "9"
        assert plane.get(headers={"X-Count": "many"}).status_code == 500

    def test_without_a_usable_limit_degradation_lets_requests_through(
        self, plane: Plane
    ) -> None:
        conf = {"count": "$arg_none", **HOUR, "allow_degradation": True}
        plane.plugin("limit-count", conf)
        assert plane.get().status_code == 200

    def test_rules_apply_where_their_key_has_a_value(self, plane: Plane) -> None:
        rules = [
            {"key": "$http_x_user", "count": 1, **HOUR, "header_prefix": "User"},
            {"key": "$remote_addr", "count": 3, **HOUR},
        ]
        plane.plugin("limit-count", {"rules": rules})
        jack = {"headers": {"X-User": "jack"}}
        headers = plane.get(**jack).headers
        assert headers["x-user-ratelimit-limit"] == "1"
        assert headers["x-2-ratelimit-remaining"] == "2"
        assert plane.get(**jack).status_code == 503
        assert "x-user-ratelimit-limit" not in plane.get().headers

    def test_counting_elsewhere_is_not_pretended(self, plane: Plane) -> None:
        conf = {"count": 1, **HOUR, "policy": "redis", "redis_host": "10.0.0.1"}
        plane.plugin("limit-count", conf)
        header = plane.get().headers["x-sandbox-ignored-plugins"]
        assert header == "limit-count.policy"


class TestLimitReq:
    SLOW = {"rate": 0.001, "key": "remote_addr"}

    def test_what_is_beyond_the_burst_is_refused(self, plane: Plane) -> None:
        conf = {**self.SLOW, "burst": 0, "rejected_code": 429, "rejected_msg": "slow"}
        plane.plugin("limit-req", conf)
        assert statuses(plane, 2) == [200, 429]
        assert plane.get().text == '{"error_msg":"slow"}\n'
        assert len(plane.echo.seen) == 1

    def test_a_burst_may_pass_at_once(self, plane: Plane) -> None:
        plane.plugin("limit-req", {**self.SLOW, "burst": 2, "nodelay": True})
        assert statuses(plane, 4) == [200, 200, 200, 503]

    def test_or_waits_for_its_turn(self, plane: Plane) -> None:
        plane.plugin("limit-req", {"rate": 4, "burst": 2, "key": "remote_addr"})
        began = time.monotonic()
        assert statuses(plane, 2) == [200, 200]
        assert time.monotonic() - began >= 0.2

    def test_each_key_has_a_bucket_of_its_own(self, plane: Plane) -> None:
        plane.plugin("limit-req", {**self.SLOW, "key": "http_x_who", "burst": 0})
        for who in ("a", "b"):
            answers = statuses(plane, 2, headers={"X-Who": who})
            assert answers == [200, 503]


class TestIPRestriction:
    @pytest.mark.parametrize(
        ("conf", "status"),
        [
            ({"whitelist": ["127.0.0.1"]}, 200),
            ({"whitelist": ["127.0.0.0/8", "::1"]}, 200),
            ({"whitelist": ["10.0.0.0/8"]}, 403),
            ({"blacklist": ["127.0.0.0/24"]}, 403),
            ({"blacklist": ["10.0.0.0/8"]}, 200),
        ],
    )
    def test_addresses_are_let_in_or_kept_out(
        self, plane: Plane, conf: dict[str, Any], status: int
    ) -> None:
        plane.plugin("ip-restriction", conf)
        answer = plane.get()
        assert answer.status_code == status
        if status == 403:
            assert answer.json() == {"message": "Your IP address is not allowed"}

    def test_words_and_code_may_be_chosen(self, plane: Plane) -> None:
        conf = {"blacklist": ["127.0.0.1"], "message": "Go", "response_code": 404}
        plane.plugin("ip-restriction", conf)
        answer = plane.get()
        assert (answer.status_code, answer.json()) == (404, {"message": "Go"})

    def test_header_cannot_pretend_another_address(self, plane: Plane) -> None:
        plane.plugin("ip-restriction", {"whitelist": ["6.6.6.6"]})
        forged = {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6"}
        assert plane.get(headers=forged).status_code == 403
