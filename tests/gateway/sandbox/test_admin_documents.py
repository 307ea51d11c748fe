"""Documents go in as the gateway would take them, and come out as it would show them."""

import time

import pytest

from tests.gateway.sandbox.conftest import ROUTE, UPSTREAM
from tests.waiting import eventually


def error(answer):
    return answer.status_code, answer.json()["error_msg"]


def test_every_answer_says_that_it_is_a_stand_in(ask):
    for answer in (
        ask("GET", "/routes"),
        ask("GET", "/nosuch"),
        ask("PUT", "/routes/a"),
    ):
        assert answer.headers["Server"] == "APISIX/3.18.0"
        assert answer.headers["X-Sandbox"] == "gatehouse"


@pytest.mark.parametrize(
    ("headers", "description"),
    [({"X-API-KEY": ""}, "missing apikey"), ({"X-API-KEY": "no"}, "wrong apikey")],
)
def test_a_missing_or_wrong_key_is_refused(ask, headers, description):
    answer = ask("GET", "/routes", headers=headers)

    assert answer.status_code == 401
    assert answer.json() == {
        "error_msg": "failed to check token",
        "description": description,
    }


def test_the_key_may_come_as_argument_or_cookie(ask, sandbox):
    nothing = {"X-API-KEY": ""}
    cookie = {"Cookie": f"x_api_key={sandbox.key}"}

    assert ask("GET", f"/routes?api_key={sandbox.key}", headers=nothing).ok
    assert ask("GET", "/routes", headers=nothing | cookie).ok


def test_whether_it_lives_is_told_without_a_key(ask):
    assert ask("HEAD", "", headers={"X-API-KEY": ""}).status_code == 200
    assert ask("GET", "").status_code == 404


def test_a_post_gets_a_generated_id_of_twenty_digits(ask):
    answer = ask("POST", "/routes", ROUTE)
    made = answer.json()["value"]["id"]

    assert answer.status_code == 201
    assert len(made) == 20
    assert ask("GET", f"/routes/{made}").json()["createdIndex"] == int(made) + 1


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "words"),
    [
        ("POST", "/routes", {"id": "a"}, 400, "wrong route id, do not need it"),
        ("POST", "/routes/a", {}, 400, "wrong route id, do not need it"),
        ("PUT", "/routes", {}, 400, "missing route id"),
        ("PUT", "/routes/a", {"id": "b"}, 400, "wrong route id"),
        ("DELETE", "/plugin_configs", {}, 400, "missing plugin config id"),
        (
            "POST",
            "/global_rules",
            {},
            405,
            "not supported `POST` method for global rule",
        ),
        ("PATCH", "/protos/1", {}, 405, "not supported `PATCH` method for proto"),
        ("PUT", "/consumers/joe", {"username": "jo"}, 400, None),
        ("GET", "/nosuch", {}, 404, "Unsupported resource type: nosuch"),
    ],
)
def test_ids_and_verbs_follow_the_kind(ask, method, path, more, status, words):
    answer = ask(method, path, ROUTE | more)

    assert answer.status_code == status
    assert words is None or answer.json()["error_msg"] == words


def test_an_id_may_stand_in_the_body_alone_and_becomes_text_in_the_path(ask):
    assert ask("PUT", "/routes", ROUTE | {"id": "mine"}).status_code == 201
    assert ask("PUT", "/routes/7", ROUTE | {"id": 7}).json()["value"]["id"] == "7"


@pytest.mark.parametrize("name", ["a%20b", "*x", "a" * 65])
def test_an_id_out_of_rule_is_refused(ask, name):
    status, words = error(ask("PUT", f"/routes/{name}", ROUTE))

    assert status == 400
    assert words.startswith('invalid configuration: property "id" validation failed')


def test_times_are_the_gateways_own(ask):
    before = int(time.time())
    first = ask("PUT", "/routes/r1", ROUTE).json()["value"]
    assert before <= first["create_time"] == first["update_time"]

    again = ask("PUT", "/routes/r1", ROUTE).json()["value"]
    assert again["create_time"] == first["create_time"]
    assert error(ask("PUT", "/routes/r1", ROUTE | {"create_time": 1})) == (
        400,
        "the property is forbidden:  create_time",
    )
    patched = ask("PATCH", "/routes/r1", {"create_time": 5}).json()["value"]
    assert patched["create_time"] == 5


def test_a_patch_merges_replaces_arrays_and_removes_by_null(ask):
    ask("PUT", "/routes/r1", ROUTE | {"methods": ["GET", "PUT"], "desc": "old"})
    patch = {
        "desc": None,
        "methods": ["POST"],
        "upstream": {"nodes": {"127.0.0.2:8080": 2}},
    }

    value = ask("PATCH", "/routes/r1", patch).json()["value"]

    assert "desc" not in value
    assert value["methods"] == ["POST"]
    assert value["upstream"]["nodes"] == {"127.0.0.1:8080": 1, "127.0.0.2:8080": 2}


def test_a_patch_of_a_path_replaces_what_it_names(ask):
    ask("PUT", "/routes/r1", ROUTE)
    ask("PATCH", "/routes/r1/upstream/nodes", {"127.0.0.9:1": 1})
    ask("PATCH", "/routes/r1/desc", "told")
    ask("PATCH", "/routes/r1/enable_websocket", False)

    value = ask("GET", "/routes/r1").json()["value"]

    assert value["upstream"]["nodes"] == {"127.0.0.9:1": 1}
    assert (value["desc"], value["enable_websocket"]) == ("told", False)
    assert error(ask("PATCH", "/routes/r1/uri/x", 1)) == (400, "invalid sub-path: /uri")


def test_a_patch_is_checked_whole_and_a_missing_route_stays_missing(ask):
    ask("PUT", "/routes/r1", ROUTE)

    assert error(ask("PATCH", "/routes/r1", {"uri": 5}))[0] == 400
    assert ask("GET", "/routes/r1").json()["value"]["uri"] == "/hello"
    answer = ask("PATCH", "/routes/none", {"desc": "x"})
    assert (answer.status_code, answer.json()) == (404, {"message": "Key not found"})


@pytest.mark.parametrize("body", [b"null", b'"x"', b"5", b"true"])
def test_a_body_that_is_no_table_breaks_the_gateway(ask, body):
    answer = ask("PUT", "/routes/r1", body)

    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{bad", "Expected object key string but found invalid token at character 2"),
        (b"{", "Expected object key string but found T_END at character 2"),
        (b'{"a" 1}', "Expected colon but found T_NUMBER at character 6"),
        (b"[1 2]", "Expected comma or array end but found T_NUMBER at character 4"),
        (b'{"a":1} x', "Expected the end but found invalid token at character 9"),
        (
            b'{"a": "b',
            "Expected value but found unexpected end of string at character 9",
        ),
        (
            b'{"a": "\\q"}',
            "Expected value but found invalid escape code at character 8",
        ),
    ],
)
def test_bad_json_is_refused_with_the_place(ask, body, words):
    answer = ask("PUT", "/routes/r1", body)

    assert error(answer) == (400, f"invalid request body: {words}")
    assert answer.json()["req_body"] == body.decode()


def test_a_body_beyond_the_limit_is_refused(ask):
    size = 1572865

    assert error(ask("PUT", "/routes/r1", b" " * size)) == (
        400,
        f"invalid request body: request size {size} is greater than the maximum"
        " size 1572864 allowed",
    )


def test_a_document_vanishes_when_its_time_is_over(ask, sandbox):
    assert error(ask("PUT", "/routes/r1?ttl=soon", ROUTE)) == (
        400,
        "invalid argument ttl: should be a number",
    )
    ask("PUT", "/routes/r1?ttl=1", ROUTE)
    assert ask("GET", "/routes/r1").ok
    before = sandbox.store.revision

    eventually(lambda: sandbox.get("route", "r1") is None, "the route vanishes")
    assert sandbox.store.revision == before + 1


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("If-Match", '"x"', 412), ("If-None-Match", "*", 304), ("If-Match", "*", 200)],
)
def test_a_conditional_request_writes_whatever_it_answers(ask, header, value, status):
    ask("PUT", "/routes/r1", ROUTE)
    before = ask("GET", "/routes/r1").json()["modifiedIndex"]

    answer = ask("PUT", "/routes/r1", ROUTE, headers={header: value})

    assert answer.status_code == status
    assert ask("GET", "/routes/r1").json()["modifiedIndex"] == before + 1


def test_secrets_are_encrypted_in_the_answer_to_a_write_and_clear_when_read(ask):
    consumer = {"username": "jack", "plugins": {"key-auth": {"key": "open-sesame"}}}

    written = ask("PUT", "/consumers", consumer).json()["value"]
    read = ask("GET", "/consumers/jack").json()["value"]

    assert written["plugins"]["key-auth"]["key"] != "open-sesame"
    assert read["plugins"]["key-auth"]["key"] == "open-sesame"


def test_secrets_deep_in_a_configuration_are_encrypted_too(ask):
    plugins = {
        "ai-proxy-multi": {
            "instances": [
                {
                    "name": "one",
                    "provider": "openai",
                    "weight": 1,
                    "auth": {"header": {"Authorization": "Bearer t0ken"}},
                }
            ]
        }
    }

    written = ask("PUT", "/routes/r1", ROUTE | {"plugins": plugins})

    assert written.status_code == 201, written.text
    assert "t0ken" not in written.text
    assert ask("GET", "/routes/r1").json()["value"]["plugins"] == plugins


def test_the_private_key_of_a_certificate_is_never_read(ask, certificate):
    ssl = {"sni": "example.org", "cert": certificate.pem, "key": certificate.key_pem}

    written = ask("PUT", "/ssls/1", ssl)
    read = ask("GET", "/ssls/1").json()["value"]

    assert written.status_code == 201, written.text
    assert written.json()["value"]["key"] != certificate.key_pem
    assert "key" not in read
    assert read["cert"] == certificate.pem
    assert all("key" not in one["value"] for one in ask("GET", "/ssls").json()["list"])
    # What was not sent again stays.
    assert ask("PATCH", "/ssls/1", {"sni": "example.com"}).ok


def test_a_client_key_stays_encrypted_and_may_be_sent_back(ask, certificate, sandbox):
    tls = {"client_cert": certificate.pem, "client_key": certificate.key_pem}
    ask("PUT", "/upstreams/u1", UPSTREAM | {"tls": tls})
    read = ask("GET", "/upstreams/u1").json()["value"]

    assert read["tls"]["client_key"] != certificate.key_pem
    for stamp in ("create_time", "update_time"):
        del read[stamp]
    assert ask("PUT", "/upstreams/u1", read).status_code == 200
    # The data plane needs it in clear.
    assert (
        sandbox.store.get("upstream", "u1")["tls"]["client_key"] == certificate.key_pem
    )


def test_a_certificate_and_another_key_are_refused(ask, certificate, other_certificate):
    ssl = {"sni": "a.org", "cert": certificate.pem, "key": other_certificate.key_pem}

    assert ask("PUT", "/ssls/1", ssl).status_code == 400


def test_credentials_live_and_die_with_their_consumer(ask):
    credential = {"plugins": {"key-auth": {"key": "k"}}}
    path = "/consumers/jack/credentials"

    assert error(ask("PUT", f"{path}/c1", credential)) == (404, "consumer not found")
    ask("PUT", "/consumers", {"username": "jack"})
    assert ask("PUT", f"{path}/c1", credential).status_code == 201
    assert ask("GET", path).json()["total"] == 1
    assert ask("GET", "/consumers").json()["total"] == 1
    ask("DELETE", "/consumers/jack")
    assert ask("GET", path).status_code == 404
    ask("PUT", "/consumers", {"username": "jack"})
    assert ask("GET", f"{path}/c1").status_code == 404


def test_secret_managers_are_part_of_the_id(ask):
    vault = {"uri": "http://127.0.0.1:8200", "prefix": "kv", "token": "t"}

    assert ask("PUT", "/secrets/vault/1", vault).json()["value"]["id"] == "vault/1"
    assert ask("GET", "/secrets").json()["total"] == 1
    assert error(ask("PUT", "/secrets/foo/1", {})) == (
        400,
        "invalid secret manager: foo",
    )
    assert error(ask("PATCH", "/secrets/vault", {})) == (400, "no secret id")
    assert (
        ask("PATCH", "/secrets/vault/1/token", "new").json()["value"]["token"] == "new"
    )
    assert ask("DELETE", "/secrets/vault/1").ok


def test_plugin_metadata_has_no_times_and_is_known_by_its_plugin(ask):
    answer = ask("PUT", "/plugin_metadata/http-logger", {"log_format": {"h": "$host"}})

    assert answer.json()["value"] == {"id": "http-logger", "log_format": {"h": "$host"}}
    assert error(ask("PUT", "/plugin_metadata/nosuch", {})) == (
        400,
        "invalid plugin name",
    )
    assert error(ask("PUT", "/plugin_metadata", {})) == (400, "missing plugin name")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"filter_func": "function(vars) "}, "'end' expected near '<eof>'"),
        ({"vars": [["a", "=", "b"]]}, "invalid operator '='"),
        ({"host": "a", "hosts": ["b"]}, "only one of host or hosts is allowed"),
        ({"plugins": {"nosuch": {}}}, "unknown plugin [nosuch]"),
        ({"plugins": {"cors": 1}}, "invalid plugin conf 1 for plugin [cors]"),
        ({"upstream": UPSTREAM | {"type": "chash"}}, "missing key"),
        ({"script": "local x = {"}, "'}' expected near '<eof>'"),
        (
            {"plugins": {"cors": {"_meta": {"filter": [["a", "?", 1]]}}}},
            "failed to validate the 'vars' expression: invalid operator '?'",
        ),
        ({"plugins": {"cors": {"_meta": {"priority": "x"}}}}, "expected integer"),
    ],
)
def test_what_a_schema_cannot_say_is_checked_too(ask, more, words):
    status, told = error(ask("PUT", "/routes/r1", ROUTE | more))

    assert status == 400
    assert words in told


def test_numbers_are_what_a_lua_program_makes_of_them(ask):
    ask("PUT", "/routes/r1", b'{"uri": "/a", "priority": 1.0, "plugins": {}}')

    assert b'"priority":1,' in ask("GET", "/routes/r1").content.replace(b" ", b"")
