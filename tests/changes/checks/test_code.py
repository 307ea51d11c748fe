"""Code is named, wherever it stands, when it is new or changed."""

import base64

import pytest

from tests.changes.checks.looking import (
    KEY_AUTH,
    Document,
    codes,
    create,
    route,
    the,
    update,
)
from tests.changes.conftest import Desk

LUA = "return function() ngx.log(ngx.ERR, 's3cr3t') end"
FILTER = "function(vars) return vars.arg_a == '1' end"
STATEMENTS = "{% os.execute('id') %}"


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (route(filter_func=FILTER), "filter_func"),
        ({k: v for k, v in route(script=LUA).items() if k != "plugins"}, "script"),
        *(
            (
                route(plugins=KEY_AUTH | {name: {"functions": [LUA]}}),
                f"plugins.{name}.functions",
            )
            for name in (
                "serverless-pre-function",
                "serverless-post-function",
                "exit-transformer",
            )
        ),
        (
            route(plugins={"key-auth": {"_meta": {"pre_function": LUA}}}),
            "plugins.key-auth._meta.pre_function",
        ),
        (
            route(plugins=KEY_AUTH | {"mcp-bridge": {"command": "id"}}),
            "plugins.mcp-bridge.command",
        ),
        *(
            (
                route(
                    plugins=KEY_AUTH
                    | {"body-transformer": {"request": {"template": template}}}
                ),
                "plugins.body-transformer.request.template",
            )
            for template in (STATEMENTS, base64.b64encode(STATEMENTS.encode()).decode())
        ),
    ],
)
def test_code_on_a_route_is_told(desk: Desk, document: Document, path: str) -> None:
    finding = the(desk, "runs_code", create("route", document))

    assert finding.path == path
    assert path in finding.words


@pytest.mark.parametrize(
    "kind", ["service", "plugin_config", "consumer_group", "global_rule"]
)
def test_code_that_is_shared_is_told(desk: Desk, kind: str) -> None:
    plugins = {"serverless-pre-function": {"functions": [LUA]}}

    assert "runs_code" in codes(desk, create(kind, {"plugins": plugins}))


def test_secrets_in_code_are_warned_of_and_not_repeated(desk: Desk) -> None:
    plugins = KEY_AUTH | {"serverless-pre-function": {"functions": [LUA]}}

    finding = the(desk, "runs_code", create("route", route(plugins=plugins)))

    assert "shown as written" in finding.words
    assert "s3cr3t" not in str(finding)


def test_code_that_stays_is_not_told_again_and_changed_code_is(desk: Desk) -> None:
    desk.sandbox.put("route", "old", route(filter_func=FILTER))

    assert codes(desk, update("route", {"desc": "x"})) == []
    assert codes(desk, update("route", {"filter_func": FILTER + " "})) == ["runs_code"]


def test_a_template_that_only_fills_in_is_no_code(desk: Desk) -> None:
    plugins = KEY_AUTH | {
        "body-transformer": {"request": {"template": '{"a": "{{a}}"}'}}
    }

    assert codes(desk, create("route", route(plugins=plugins))) == []
