"""What the SDK's server offers: each handler asks the modules of this door.

Its handlers are coroutines, ours ordinary functions: they run in the thread of the web
request, where its database connection is.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from asgiref.sync import sync_to_async
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    GetPromptRequestParams,
    GetPromptResult,
    Icon,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)

from portal.callers import as_conversation
from portal.mcp import calling, completing, prompts, resources
from portal.mcp.caller import Caller
from portal.mcp.tools import tools
from portal.wire.inputs.fields import unknown
from portal.wire.operations import WORDS_FOR_MODELS

VERSION = "1.0.0"


@lru_cache(maxsize=4)
def server(public_url: str) -> Server[None]:
    """Return what answers, with all that it offers."""
    return Server(
        "gatehouse",
        version=VERSION,
        title="Gatehouse",
        description="The change desk for Apache APISIX.",
        instructions=WORDS_FOR_MODELS,
        website_url=public_url,
        icons=[Icon(src=f"{public_url}/logo.png", mime_type="image/png")],
        on_list_tools=_list_tools,
        on_call_tool=_call_tool,
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_resource_templates,
        on_read_resource=_read_resource,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
        on_completion=_complete,
    )


async def _list_tools(
    ctx: Any, params: PaginatedRequestParams | None
) -> ListToolsResult:
    return _tools()


@lru_cache(maxsize=1)
def _tools() -> ListToolsResult:
    return ListToolsResult.model_validate(
        {"tools": [tool.described for tool in tools().values()]}
    )


async def _call_tool(ctx: Any, params: CallToolRequestParams) -> CallToolResult:
    tool = tools().get(params.name)
    if tool is None:
        mend = unknown(params.name, list(tools())).partition(". ")[2]
        raise MCPError(INVALID_PARAMS, f"Unknown tool: {params.name[:80]}. {mend}")
    told = await sync_to_async(calling.call)(tool, params.arguments or {}, _caller(ctx))
    return CallToolResult.model_validate(told)


async def _list_resources(
    ctx: Any, params: PaginatedRequestParams | None
) -> ListResourcesResult:
    cursor = params.cursor if params else None
    told = await sync_to_async(resources.listed)(cursor, ctx.request)
    return ListResourcesResult.model_validate(told)


async def _list_resource_templates(
    ctx: Any, params: PaginatedRequestParams | None
) -> ListResourceTemplatesResult:
    return ListResourceTemplatesResult.model_validate(
        {"resourceTemplates": resources.TEMPLATES}
    )


async def _read_resource(
    ctx: Any, params: ReadResourceRequestParams
) -> ReadResourceResult:
    told = await sync_to_async(resources.read)(params.uri, ctx.request)
    return ReadResourceResult.model_validate(told)


async def _list_prompts(
    ctx: Any, params: PaginatedRequestParams | None
) -> ListPromptsResult:
    return ListPromptsResult.model_validate(prompts.listed())


async def _get_prompt(ctx: Any, params: GetPromptRequestParams) -> GetPromptResult:
    told = prompts.filled(params.name, params.arguments or {})
    return GetPromptResult.model_validate(told)


async def _complete(ctx: Any, params: CompleteRequestParams) -> CompleteResult:
    context = params.context.arguments if params.context else None
    told = await sync_to_async(completing.completed)(
        params.argument.name, params.argument.value, context or {}, ctx.request
    )
    return CompleteResult.model_validate(told)


def _caller(ctx: Any) -> Caller:
    """Return who calls, with the conversation as ChatGPT's MCP client tells it."""
    caller: Caller = ctx.request
    session = (ctx.meta or {}).get("openai/session")
    if caller.conversation or not isinstance(session, str):
        return caller
    return replace(caller, conversation=as_conversation(session))
