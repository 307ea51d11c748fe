"""Code that the gateway would run with all of its own rights."""

import base64
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks.parts import appeared, meta_of, named, plugins_of, written
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

Document = dict[str, Any]

RUNS_CODE = Code(
    "runs_code",
    Severity.WARNING,
    gettext_noop(
        "The gateway would run Lua code or a program that stands in the document."
    ),
)

# Fields of a document and of plugins that hold code, or name it.
FIELDS = ("script", "script_id", "filter_func")
PLUGIN_FIELDS = {
    "exit-transformer": "functions",
    "mcp-bridge": "command",
    "serverless-post-function": "functions",
    "serverless-pre-function": "functions",
}
# In templates of body-transformer this begins a line of Lua.
STATEMENT = "{%"


def runs_code(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Name every field whose code is new or changed: a diff of code is easily skimmed."""
    for index, item, _ in written(plan):
        found = appeared(item, _code)
        if paths := list(found.values()):
            yield RUNS_CODE.finding(
                index,
                f"The gateway would run code that stands in {named(paths)}. Code may read "
                "and change every request, and secrets in it are shown as written.",
                "Read it line by line. Prefer a plugin made for the purpose, and take secrets "
                "out of the code.",
                path=paths[0],
            )


def _code(kind: str, document: Document) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((path, code), path)."""
    for path, value in _places(document):
        # A number is the id of a script that lies elsewhere.
        if value and isinstance(value, str | int | list):
            yield (path, repr(value)), path


def _places(document: Document) -> Iterator[tuple[str, Any]]:
    for name in FIELDS:
        yield name, document.get(name)
    for name, settings in plugins_of(document).items():
        at = f"plugins.{name}"
        yield f"{at}._meta.pre_function", meta_of(settings).get("pre_function")
        if name in PLUGIN_FIELDS and isinstance(settings, dict):
            yield f"{at}.{PLUGIN_FIELDS[name]}", settings.get(PLUGIN_FIELDS[name])
        if name == "body-transformer" and isinstance(settings, dict):
            for way in ("request", "response"):
                yield f"{at}.{way}.template", _lua_in(settings.get(way))


def _lua_in(half: Any) -> str:
    """Return the template of half a body-transformer if it holds statements, else ""."""
    template = half.get("template") if isinstance(half, dict) else None
    if not isinstance(template, str):
        return ""
    texts = [template]
    # It may stand there as base64 too.
    with suppress(ValueError):
        texts.append(base64.b64decode(template, validate=True).decode())
    return template if any(STATEMENT in text for text in texts) else ""


SUBJECT = Subject(
    title=gettext_noop("Code"),
    matters=gettext_noop(
        "Code on the gateway may do whatever the gateway may, for every request."
    ),
    checks=(runs_code,),
    codes=(RUNS_CODE,),
)
