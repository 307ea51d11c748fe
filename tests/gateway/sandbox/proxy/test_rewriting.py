"""redirect, proxy-rewrite and response-rewrite change what they say they change."""

import base64
import gzip
from typing import Any

import pytest

from tests.gateway.sandbox.proxy.plane import Plane


class TestRedirect:
    @pytest.mark.parametrize(
        ("method", "status"), [("GET", 301), ("HEAD", 301), ("POST", 308)]
    )
    def test_http_is_sent_to_https(
        self, plane: Plane, method: str, status: int
    ) -> None:
        plane.plugin("redirect", {"http_to_https": True})
        answer = plane.send(method, "/a?x=1", headers={"Host": "foo.org:9080"})
        assert answer.status_code == status
        assert answer.headers["location"] == "https://foo.org/a?x=1"
        assert plane.echo.seen == []

    def test_https_in_front_is_not_redirected(self, plane: Plane) -> None:
        plane.plugin("redirect", {"http_to_https": True})
        assert plane.get(headers={"X-Forwarded-Proto": "https"}).status_code == 200

    @pytest.mark.parametrize(
        ("conf", "location"),
        [
            ({"uri": "/new"}, "/new"),
            ({"uri": "/new$uri"}, "/new/hello"),
            ({"uri": "/new${uri}_1"}, "/new/hello_1"),
            ({"uri": "/x/$arg_v"}, "/x/7"),
            ({"uri": "/x/$never_heard"}, "/x/"),
            ({"uri": r"/x/\$uri"}, r"/x/\$uri"),
            ({"uri": "/new", "append_query_string": True}, "/new?v=7"),
            ({"uri": "/new?a=1", "append_query_string": True}, "/new?a=1&v=7"),
            ({"regex_uri": ["^/(.*)$", "/new/$1"]}, "/new/hello"),
            ({"uri": "/é", "encode_uri": True}, "/%C3%A9"),
        ],
    )
    def test_location_is_made_from_the_request(
        self, plane: Plane, conf: dict[str, Any], location: str
    ) -> None:
        plane.plugin("redirect", conf)
        answer = plane.get("/hello?v=7")
        assert answer.status_code == 302
        assert answer.headers["location"] == location

    def test_code_may_be_chosen(self, plane: Plane) -> None:
        plane.plugin("redirect", {"uri": "/new", "ret_code": 301})
        assert plane.get().status_code == 301

    def test_pattern_that_does_not_fit_redirects_nobody(self, plane: Plane) -> None:
        plane.plugin("redirect", {"regex_uri": ["^/other$", "/new"]})
        assert plane.get().status_code == 200

    def test_line_breaks_cannot_be_smuggled_into_the_header(self, plane: Plane) -> None:
        plane.plugin("redirect", {"uri": "/x/$arg_v"})
        answer = plane.get("/hello?v=a%0d%0aX-Evil:%201")
        assert answer.headers["location"] == "/x/a%0D%0AX-Evil: 1"
        assert "x-evil" not in answer.headers


class TestProxyRewrite:
    @pytest.mark.parametrize(
        ("conf", "target"),
        [
            ({"uri": "/new"}, "/new?v=7"),
            ({"uri": "/new?a=1"}, "/new?a=1&v=7"),
            ({"uri": "/new$uri/$arg_v"}, "/new/api/hello%20you/7?v=7"),
            ({"regex_uri": ["^/api/(.*)", "/$1"]}, "/hello%20you?v=7"),
            ({"regex_uri": ["^/no", "/a", "^/api", "/b"]}, "/b/hello%20you?v=7"),
            ({"regex_uri": ["^/no", "/a"]}, "/api/hello%20you?v=7"),
            ({"regex_uri": ["^/(api)/(.*)", "/${2}/$1$$"]}, "/hello%20you/api$?v=7"),
            ({"uri": "/x", "regex_uri": ["^/api", "/b"]}, "/x?v=7"),
            ({"use_real_request_uri_unsafe": True}, "/api//hello%20you?v=7"),
            ({"host": "bar.org"}, "/api/hello%20you?v=7"),
            ({"uri": "/é?q=ö x"}, "/%C3%A9?q=%C3%B6%20x&v=7"),
        ],
    )
    def test_path_for_the_upstream(
        self, plane: Plane, conf: dict[str, Any], target: str
    ) -> None:
        plane.plugin("proxy-rewrite", conf)
        assert plane.get("/api//hello%20you?v=7").json()["target"] == target

    def test_host_and_method_for_the_upstream(self, plane: Plane) -> None:
        plane.plugin("proxy-rewrite", {"host": "bar.org", "method": "PUT"})
        sent = plane.get().json()
        assert sent["method"] == "PUT"
        assert sent["headers"]["host"] == "bar.org"

    def test_headers_are_added_set_and_removed(self, plane: Plane) -> None:
        headers = {
            "add": {"X-Add": "more", "X-New": "$arg_v"},
            "set": {"X-Set": "new-$remote_addr", "X-Number": 7},
            "remove": ["X-Gone"],
        }
        plane.plugin("proxy-rewrite", {"headers": headers})
        given = {"X-Add": "one", "X-Set": "old", "X-Gone": "1", "X-Kept": "1"}
        sent = plane.get("/hello?v=2", headers=given).json()["headers"]
        assert sent["x-add"] == "one, more"
        assert sent["x-new"] == "2"
        assert sent["x-set"] == "new-127.0.0.1"
        assert sent["x-number"] == "7"
        assert sent["x-kept"] == "1"
        assert "x-gone" not in sent

    def test_plain_object_of_headers_is_set(self, plane: Plane) -> None:
        plane.plugin("proxy-rewrite", {"headers": {"X-Set": "a", "X-Gone": ""}})
        sent = plane.get(headers={"X-Gone": "1"}).json()["headers"]
        assert sent["x-set"] == "a"
        assert "x-gone" not in sent

    def test_captures_of_the_path_reach_the_headers(self, plane: Plane) -> None:
        conf = {
            "regex_uri": ["^/user/([0-9]+)", "/u"],
            "headers": {"set": {"X-User": "$1"}},
        }
        plane.plugin("proxy-rewrite", conf)
        assert plane.get("/user/42").json()["headers"]["x-user"] == "42"

    def test_later_plugins_see_the_new_headers(self, plane: Plane) -> None:
        plane.plugin(
            "proxy-rewrite",
            {"headers": {"set": {"X-Count": "5"}}},
            **{"limit-count": {"count": "$http_x_count", "time_window": 60}},
        )
        assert plane.get().headers["x-ratelimit-limit"] == "5"

    def test_line_breaks_cannot_be_smuggled_to_the_upstream(self, plane: Plane) -> None:
        plane.plugin("proxy-rewrite", {"headers": {"set": {"X-A": "$arg_v"}}})
        sent = plane.get("/hello?v=a%0d%0aX-Evil:%201").json()["headers"]
        assert sent["x-a"] == "a%0D%0AX-Evil: 1"
        assert "x-evil" not in sent


class TestResponseRewrite:
    def test_status_headers_and_body(self, plane: Plane) -> None:
        conf = {
            "status_code": 201,
            "body": "other",
            "headers": {
                "set": {"X-Set": "$remote_addr", "Content-Type": "text/css"},
                "add": ["X-Add: 1", "X-Add: 2"],
                "remove": ["X-Gone"],
            },
        }
        plane.plugin("response-rewrite", conf)
        plane.echo.headers = {"X-Gone": "1", "ETag": '"old"'}
        answer = plane.get()
        assert (answer.status_code, answer.text) == (201, "other")
        assert answer.headers["x-set"] == "127.0.0.1"
        assert answer.headers["content-type"] == "text/css"
        assert answer.headers["content-length"] == "5"
        assert answer.headers.get_list("x-add") == ["1", "2"]
        assert "x-gone" not in answer.headers
        assert "etag" not in answer.headers

    def test_body_in_base64(self, plane: Plane) -> None:
        body = base64.b64encode(b"\x00binary").decode()
        plane.plugin("response-rewrite", {"body": body, "body_base64": True})
        assert plane.get().content == b"\x00binary"

    def test_plain_object_of_headers_is_set(self, plane: Plane) -> None:
        plane.plugin("response-rewrite", {"headers": {"X-A": 7, "X-Gone": ""}})
        plane.echo.headers = {"X-Gone": "1"}
        answer = plane.get()
        assert answer.headers["x-a"] == "7"
        assert "x-gone" not in answer.headers

    def test_conditions_look_at_the_answer(self, plane: Plane) -> None:
        conf = {"vars": [["status", "==", 500]], "status_code": 200, "body": "calm"}
        plane.plugin("response-rewrite", conf)
        plane.echo.text = "as it is"
        assert plane.get().text == "as it is"
        plane.echo.status = 500
        answer = plane.get()
        assert (answer.status_code, answer.text) == (200, "calm")

    def test_filters_replace_once_or_everywhere(self, plane: Plane) -> None:
        filters = [
            {"regex": "a(.)", "replace": "<$1>"},
            {"regex": "X", "replace": "y", "scope": "global", "options": "i"},
        ]
        plane.plugin("response-rewrite", {"filters": filters})
        plane.echo.text = "ab ab xX"
        answer = plane.get()
        assert answer.text == "<b> ab yy"
        assert answer.headers["content-length"] == "9"

    def test_filters_read_compressed_answers(self, plane: Plane) -> None:
        plane.plugin(
            "response-rewrite", {"filters": [{"regex": "old", "replace": "new"}]}
        )
        plane.echo.raw = gzip.compress(b"the old text")
        plane.echo.headers = {"Content-Encoding": "gzip"}
        answer = plane.get()
        assert answer.text == "the new text"
        assert "content-encoding" not in answer.headers

    def test_filters_leave_alone_what_they_cannot_read(self, plane: Plane) -> None:
        plane.plugin("response-rewrite", {"filters": [{"regex": "a", "replace": "b"}]})
        plane.echo.raw = gzip.compress(b"aaaa")[:8]
        plane.echo.headers = {"Content-Encoding": "gzip"}
        with plane.client.stream("GET", "/hello") as answer:
            assert b"".join(answer.iter_raw()) == plane.echo.raw
            assert answer.headers["content-encoding"] == "gzip"

    def test_answers_of_other_plugins_are_rewritten_too(self, plane: Plane) -> None:
        conf = {"headers": {"set": {"X-Set": "1"}}}
        plane.plugin("key-auth", **{"response-rewrite": conf})
        answer = plane.get()
        assert answer.status_code == 401
        assert answer.headers["x-set"] == "1"
