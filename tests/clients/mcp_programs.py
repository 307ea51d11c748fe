"""Talk to an MCP server that is a program on this machine."""

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.types import ElicitResult, TextContent

Calls = Callable[[str, dict[str, Any]], Awaitable[str]]


def talk(
    command: Path,
    arguments: Sequence[str | Path],
    environment: dict[str, str],
    story: Callable[[Calls], Awaitable[None]],
) -> None:
    """Start the server, tell the story to it, end it. Questions are answered with yes."""

    async def confirm(*_: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"confirm": True})

    async def run() -> None:
        server = StdioServerParameters(
            command=str(command),
            args=[str(one) for one in arguments],
            env={"PATH": os.environ.get("PATH", ""), **environment},
        )
        async with (
            stdio_client(server) as streams,
            ClientSession(*streams, elicitation_callback=confirm) as session,
        ):
            await session.initialize()

            async def call(tool: str, given: dict[str, Any]) -> str:
                result = await session.call_tool(tool, given)
                text = "".join(
                    one.text for one in result.content if isinstance(one, TextContent)
                )
                print(f"{tool} {given} → {text[:300]}")  # noqa: T201
                assert not result.is_error, text
                return text

            await story(call)

    anyio.run(run)
