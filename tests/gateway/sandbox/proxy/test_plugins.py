"""fault-injection, mocking, cors, request-id and traffic-split."""

import json
import re
import time
from collections import Counter
from typing import Any

import pytest

from tests.gateway.sandbox.proxy.plane import Plane
from tests.gateway.sandbox.proxy.serving import Echo


class TestFaultInjection:
    def test_abort_answers_instead_of_the_upstream(self, plane: Plane) -> None:
        abort = {
            "http_status": 503,
            "body": "down for $remote_addr",
            "headers": {"X-Why": "drill-$arg_v", "Retry-After": 9},
        }
        plane.plugin("fault-injection", {"abort": abort})
        answer = plane.get("/hello?v=1")
        assert (answer.status_code, answer.text) == (503, "down for 127.0.0.1")
        assert answer.headers["x-why"] == "drill-1"
        assert answer.headers["retry-after"] == "9"
        assert plane.echo.seen == []

    def test_abort_without_a_body_has_the_gateways_page(self, plane: Plane) -> None:
        plane.plugin("fault-injection", {"abort": {"http_status": 500}})
        assert "500 Internal Server Error" in plane.get().text

    def test_delay_holds_the_request_back(self, plane: Plane) -> None:
        plane.plugin("fault-injection", {"delay": {"duration": 0.3}})
        began = time.monotonic()
        assert plane.get().status_code == 200
        assert time.monotonic() - began >= 0.3

    @pytest.mark.parametrize(("percentage", "status"), [(0, 200), (100, 418)])
    def test_percentage_decides_how_many(
        self, plane: Plane, percentage: int, status: int
    ) -> None:
        abort = {"http_status": 418, "percentage": percentage}
        plane.plugin("fault-injection", {"abort": abort})
        assert {plane.get().status_code for _ in range(10)} == {status}

    def test_one_of_several_conditions_has_to_hold(self, plane: Plane) -> None:
        rules = [
            [["arg_a", "==", "1"], ["arg_b", "==", "1"]],
            [["arg_c", "==", "1"]],
        ]
        plane.plugin("fault-injection", {"abort": {"http_status": 418, "vars": rules}})
        assert plane.get("/x?a=1").status_code == 200
        assert plane.get("/x?a=1&b=1").status_code == 418
        assert plane.get("/x?c=1").status_code == 418


class TestMocking:
    def test_example_is_answered_instead_of_the_upstream(self, plane: Plane) -> None:
        plane.plugin(
            "mocking",
            {
                "response_example": '{"who":"$arg_who"}',
                "response_status": 202,
                "response_headers": {"X-A": "1"},
            },
        )
        answer = plane.get("/x?who=mei")
        assert (answer.status_code, answer.json()) == (202, {"who": "mei"})
        assert answer.headers["content-type"] == "application/json;charset=utf8"
        assert answer.headers["x-mock-by"] == "APISIX/3.18.0"
        assert answer.headers["x-a"] == "1"
        assert plane.echo.seen == []

    def test_type_and_mark_may_be_chosen(self, plane: Plane) -> None:
        conf = {
            "response_example": "hi",
            "content_type": "text/plain",
            "with_mock_header": False,
        }
        plane.plugin("mocking", conf)
        answer = plane.get()
        assert answer.headers["content-type"] == "text/plain"
        assert "x-mock-by" not in answer.headers

    def test_answer_is_made_up_from_a_schema(self, plane: Plane) -> None:
        properties = {
            "name": {"type": "string", "example": "Mei"},
            "age": {"type": "integer"},
            "height": {"type": "number"},
            "speaks": {"type": "boolean"},
            "word": {"type": "string"},
            "topics": {"type": "array", "items": {"type": "string"}},
            "home": {"type": "object", "properties": {"city": {"type": "string"}}},
        }
        schema = {"type": "object", "properties": properties}
        plane.plugin("mocking", {"response_schema": schema})
        made = plane.get().json()
        assert made["name"] == "Mei"
        assert isinstance(made["age"], int)
        assert isinstance(made["height"], float)
        assert isinstance(made["speaks"], bool)
        assert made["topics"]
        assert all(isinstance(topic, str) for topic in [*made["topics"], made["word"]])
        assert isinstance(made["home"]["city"], str)

    def test_callers_are_checked_first(self, plane: Plane) -> None:
        plane.plugin("mocking", {"response_example": "secret"}, **{"key-auth": {}})
        assert plane.get().status_code == 401


ORIGIN = {"Origin": "https://a.example.org"}


class TestCORS:
    def test_everything_is_allowed_by_default(self, plane: Plane) -> None:
        plane.plugin("cors")
        headers = plane.get(headers=ORIGIN).headers
        assert headers["access-control-allow-origin"] == "*"
        assert headers["access-control-allow-methods"] == "*"
        assert headers["access-control-allow-headers"] == "*"
        assert headers["access-control-max-age"] == "5"
        assert "access-control-allow-credentials" not in headers
        assert "access-control-expose-headers" not in headers
        assert "vary" not in headers

    def test_preflight_is_answered_by_the_gateway(self, plane: Plane) -> None:
        plane.plugin("cors", {"max_age": 600}, **{"key-auth": {}})
        answer = plane.send("OPTIONS", "/hello", headers=ORIGIN)
        assert (answer.status_code, answer.text) == (200, "")
        assert answer.headers["access-control-max-age"] == "600"
        assert plane.echo.seen == []

    @pytest.mark.parametrize(
        ("conf", "allowed"),
        [
            ({"allow_origins": "**"}, ORIGIN["Origin"]),
            ({"allow_origins": ORIGIN["Origin"]}, ORIGIN["Origin"]),
            (
                {"allow_origins": "https://b.org," + ORIGIN["Origin"]},
                ORIGIN["Origin"],
            ),
            ({"allow_origins": "https://b.org"}, None),
            ({"allow_origins": "https://b.org,https://c.org"}, None),
            ({"allow_origins_by_regex": [r".*\.example\.org$"]}, ORIGIN["Origin"]),
            ({"allow_origins_by_regex": [r"^https://b\.org$"]}, None),
            (
                {"allow_origins": "https://b.org", "allow_origins_by_metadata": ["m"]},
                ORIGIN["Origin"],
            ),
        ],
    )
    def test_origins(
        self, plane: Plane, conf: dict[str, Any], allowed: str | None
    ) -> None:
        known = {"allow_origins": {"m": ORIGIN["Origin"]}}
        plane.put("plugin_metadata", "cors", known)
        plane.plugin("cors", conf)
        headers = plane.get(headers=ORIGIN).headers
        assert headers.get("access-control-allow-origin") == allowed
        assert headers["vary"] == "Origin"

    def test_credentials_methods_and_headers(self, plane: Plane) -> None:
        conf = {
            "allow_origins": "**",
            "allow_methods": "**",
            "allow_headers": "**",
            "expose_headers": "X-A",
            "allow_credential": True,
            "timing_allow_origins": ORIGIN["Origin"],
        }
        plane.plugin("cors", conf)
        asked = {**ORIGIN, "Access-Control-Request-Headers": "X-B"}
        headers = plane.send("OPTIONS", "/hello", headers=asked).headers
        assert "DELETE" in headers["access-control-allow-methods"].split(",")
        assert headers["access-control-allow-headers"] == "X-B"
        assert headers["access-control-expose-headers"] == "X-A"
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["timing-allow-origin"] == ORIGIN["Origin"]


class TestRequestID:
    @pytest.mark.parametrize(
        ("conf", "pattern"),
        [
            (
                {},
                r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
            ),
            (
                {"algorithm": "uuidv7"},
                r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
            ),
            ({"algorithm": "nanoid"}, r"[\w-]{21}"),
            ({"algorithm": "ksuid"}, r"[0-9A-Za-z]{27}"),
            ({"algorithm": "range_id"}, r"[0-9A-Za-z]{16}"),
            (
                {
                    "algorithm": "range_id",
                    "range_id": {"char_set": "abcdef", "length": 8},
                },
                r"[a-f]{8}",
            ),
        ],
    )
    def test_id_reaches_upstream_and_client(
        self, plane: Plane, conf: dict[str, Any], pattern: str
    ) -> None:
        plane.plugin("request-id", conf)
        answers = [plane.get() for _ in range(3)]
        ids = [answer.headers["x-request-id"] for answer in answers]
        assert [answer.json()["headers"]["x-request-id"] for answer in answers] == ids
        assert all(re.fullmatch(pattern, one) for one in ids)
        assert len(set(ids)) == 3

    def test_id_of_the_client_is_kept(self, plane: Plane) -> None:
        plane.plugin("request-id", {"header_name": "X-Trace"})
        answer = plane.get(headers={"X-Trace": "mine"})
        assert answer.headers["x-trace"] == "mine"
        assert answer.json()["headers"]["x-trace"] == "mine"

    def test_client_may_be_left_out(self, plane: Plane) -> None:
        plane.plugin("request-id", {"include_in_response": False})
        answer = plane.get()
        assert "x-request-id" not in answer.headers
        assert "x-request-id" in answer.json()["headers"]


class TestTrafficSplit:
    def split(self, plane: Plane, *rules: dict[str, Any]) -> None:
        plane.plugin("traffic-split", {"rules": list(rules)})

    def asked(self, plane: Plane, times: int, **options: Any) -> Counter[str]:
        return Counter(plane.get(**options).json()["node"] for _ in range(times))

    def test_shares_follow_the_weights(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        plane.put("upstream", "b", {"nodes": {f"127.0.0.1:{others[1][1]}": 1}})
        inline = {"nodes": {f"127.0.0.1:{others[0][1]}": 1}}
        shares = [
            {"upstream": inline, "weight": 2},
            {"upstream_id": "b", "weight": 1},
            {"weight": 1},
        ]
        self.split(plane, {"weighted_upstreams": shares})
        assert self.asked(plane, 8) == {"a": 4, "b": 2, "echo": 2}

    def test_first_rule_that_accepts_the_request_counts(
        self, plane: Plane, others: list[tuple[Echo, int]]
    ) -> None:
        canary = {"nodes": {f"127.0.0.1:{others[0][1]}": 1}}
        match = [
            {"vars": [["http_x_canary", "==", "on"]]},
            {"vars": [["arg_c", "==", "1"]]},
        ]
        self.split(
            plane, {"match": match, "weighted_upstreams": [{"upstream": canary}]}
        )
        assert self.asked(plane, 2) == {"echo": 2}
        assert self.asked(plane, 2, headers={"X-Canary": "on"}) == {"a": 2}
        assert self.asked(plane, 2, params={"c": "1"}) == {"a": 2}

    def test_missing_upstream_is_a_502(self, plane: Plane) -> None:
        self.split(plane, {"weighted_upstreams": [{"upstream_id": "gone"}]})
        assert plane.get().status_code == 502

    def test_rule_without_shares_leaves_the_upstream(self, plane: Plane) -> None:
        self.split(plane, {})
        assert self.asked(plane, 2) == {"echo": 2}


def test_answers_with_json_are_compact(plane: Plane) -> None:
    plane.plugin("key-auth")
    text = plane.get().text
    assert text == json.dumps(json.loads(text), separators=(",", ":")) + "\n"
