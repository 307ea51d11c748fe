"""Call a tool: the operation's own answer, and words to go on with.

An answer is told twice: as it is, for programs, and as text, which is all that some
clients show their model. Together they keep below 100,000 characters.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from portal.mcp.caller import Caller
from portal.mcp.tools import BARE, RENAMER, Tool
from portal.wire.encode import dump
from portal.wire.problems import Problem, problem_of

ROOM = 98_000
TOO_LONG = (
    "The answer is in structuredContent; it is too long to be told as text, too. Ask for "
    "less: a smaller limit, a search, one thing."
)


def call(tool: Tool, arguments: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """Return the tool's result, or a result that says what to mend.

    Raises ScopeMissing when the token's scopes do not reach it: a matter of the web
    request, which may be repeated with another token.
    """
    for verb in tool.verbs:
        caller.actor.require_scope(verb)
    try:
        given = tool.given(arguments, caller.conversation)
        body = tool.operation.run(caller.actor, given).body
    # The one place where a tool's errors become answers; unexpected ones are logged.
    except Exception as error:  # noqa: BLE001
        return refused(problem_of(error), tool.name, caller)
    raw = dump(body)
    texts = [] if tool.name in BARE else [saying(body)]
    told = raw.decode()
    if tool.name not in BARE and 2 * len(told) > ROOM:
        told = TOO_LONG
    return {
        "content": [{"type": "text", "text": text} for text in (*texts, told)],
        "structuredContent": orjson.loads(raw),
        "isError": False,
    }


def saying(body: Mapping[str, Any]) -> str:
    """Say in a sentence what was answered and what to do next, in our own words only."""
    if isinstance(message := body.get("message"), str):
        return message
    if isinstance(results := body.get("results"), list):
        count = "1 result" if len(results) == 1 else f"{len(results)} results"
        more = (
            "; more follow: call again with next as cursor" if body.get("next") else ""
        )
        return f"{count}{more}."
    if url := body.get("url"):
        return f"People read it at {url}."
    return "Here it is."


def refused(problem: Problem, tool: str, caller: Caller) -> dict[str, Any]:
    """Return a tool's refusal: words, then the problem as the API tells it."""
    body = problem.body(instance=f"/mcp#{tool}", request_id=caller.actor.request_id)
    body["detail"] = RENAMER.text(body["detail"])
    for error in body.get("errors", ()):
        error["detail"] = RENAMER.text(error["detail"])
    words = body["detail"]
    if problem.wait:
        words += f" Try again in {problem.wait} seconds."
    return {
        "content": [
            {"type": "text", "text": words},
            {"type": "text", "text": dump(body).decode()},
        ],
        "isError": True,
    }
