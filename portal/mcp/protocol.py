"""Serve one message of the protocol with the official SDK, within a web request.

The SDK's kernel (`serve_one`) checks, dispatches and shapes a single request for the
protocol version that its client speaks; no loop, no session and no stream outlives it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
from asgiref.sync import async_to_sync
from django.conf import settings
from mcp.server.connection import Connection
from mcp.server.runner import serve_one
from mcp.shared.dispatcher import CallOptions
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp.shared.inbound import (
    ERROR_CODE_HTTP_STATUS,
    InboundLadderRejection,
    classify_inbound_request,
    unsupported_protocol_version_rejection,
)
from mcp.shared.message import ServerMessageMetadata
from mcp.shared.transport_context import TransportContext
from mcp_types import (
    DEFAULT_NEGOTIATED_VERSION,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    JSONRPCNotification,
    JSONRPCRequest,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError

from portal.accounts.errors import ScopeMissing
from portal.mcp.caller import Caller
from portal.mcp.server import server
from portal.wire.problems import Problem, problem_of

# Only this version of the protocol knows batches; who names none speaks it.
BATCHES, BATCH_LIMIT = "2025-03-26", 20
# What earlier versions say of a resource that is not there; later ones: invalid params.
RESOURCE_NOT_FOUND = -32002


@dataclass(frozen=True)
class Reply:
    """A status, and a JSON-RPC answer unless none is due."""

    status: int
    body: Any = None


@dataclass
class Exchange:
    """One request as the SDK's kernel sees it: nothing can be sent but its answer."""

    request_id: str | int
    message_metadata: ServerMessageMetadata
    transport: TransportContext = TransportContext(
        kind="streamable-http", can_send_request=False
    )
    can_send_request: bool = False
    cancel_requested: anyio.Event = field(default_factory=anyio.Event)

    async def send_raw_request(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        opts: CallOptions | None = None,
    ) -> dict[str, Any]:
        raise NoBackChannelError(method)

    async def notify(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        opts: CallOptions | None = None,
    ) -> None:
        """Drop it."""

    async def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Drop it."""


def reply(message: Any, headers: Mapping[str, str], caller: Caller) -> Reply:
    """Answer one message, or a batch where its version has batches.

    `headers` by their names in lower case. Raises ScopeMissing when the token's scopes do
    not reach a tool, TooMany for a batch.
    """
    version = headers.get("mcp-protocol-version", DEFAULT_NEGOTIATED_VERSION)
    if isinstance(message, list) and version == BATCHES:
        return _batch(message, caller)
    if not isinstance(message, dict):
        return _invalid("Send one JSON-RPC message as an object.")
    if "method" not in message and ("result" in message or "error" in message):
        return Reply(202)  # nothing was asked of the client
    if "id" not in message:
        return _notified(message, version)
    try:
        request = JSONRPCRequest.model_validate(message)
    except ValidationError:
        return _invalid(
            "Send a JSON-RPC 2.0 request: jsonrpc, id (text or number), method, params."
        )
    if version in HANDSHAKE_PROTOCOL_VERSIONS:
        connection = Connection.from_envelope(version, None, None)
        return Reply(200, _answered(request, connection, caller))
    route = unsupported_protocol_version_rejection(version) or classify_inbound_request(
        message, headers=headers
    )
    if isinstance(route, InboundLadderRejection):
        return _failed(request.id, route.code, route.message, route.data)
    connection = Connection.from_envelope(
        route.protocol_version, route.client_info, route.client_capabilities
    )
    body = _answered(request, connection, caller)
    code = body.get("error", {}).get("code")
    return Reply(ERROR_CODE_HTTP_STATUS.get(code, 200), body)


def _batch(messages: list[Any], caller: Caller) -> Reply:
    if not 0 < len(messages) <= BATCH_LIMIT:
        return _invalid(f"Send 1 to {BATCH_LIMIT} messages in a batch.")
    if any(
        isinstance(one, dict) and one.get("method") == "initialize" for one in messages
    ):
        return _invalid("Send initialize by itself, not in a batch.")
    for _ in messages[1:]:
        caller.count()
    replies = [_one_of_batch(one, caller) for one in messages]
    bodies = [one.body for one in replies if one.body is not None]
    return Reply(200, bodies) if bodies else Reply(202)


def _one_of_batch(message: Any, caller: Caller) -> Reply:
    try:
        return reply(message, {"mcp-protocol-version": BATCHES}, caller)
    except ScopeMissing as error:
        # The others are answered, so this is no matter of the whole request.
        id = message["id"]
        return _failed(id, INVALID_REQUEST, str(error), {"scope": error.scope})


def _notified(message: dict[str, Any], version: str) -> Reply:
    """Take note of nothing: no session is there for a notification to change."""
    try:
        JSONRPCNotification.model_validate(message)
    except ValidationError:
        return _invalid(
            "Send a JSON-RPC 2.0 message: jsonrpc, method, and id to be answered."
        )
    rejection = unsupported_protocol_version_rejection(version)
    if rejection and version not in HANDSHAKE_PROTOCOL_VERSIONS:
        return _failed(None, rejection.code, rejection.message, rejection.data)
    return Reply(202)


def _answered(
    request: JSONRPCRequest, connection: Connection, caller: Caller
) -> dict[str, Any]:
    """Return the JSON-RPC answer to a request. Raises ScopeMissing."""
    exchange = Exchange(request.id, ServerMessageMetadata(request_context=caller))
    told: dict[str, Any] = {"jsonrpc": "2.0", "id": request.id}
    try:
        told["result"] = async_to_sync(serve_one)(
            server(settings.PUBLIC_URL),
            exchange,
            request.method,
            request.params,
            connection=connection,
            lifespan_state=None,
        )
    except MCPError as error:
        told["error"] = error.error.model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        told["error"] = _invalid_params(error)
    except ScopeMissing:
        raise
    # The one place where other errors become answers; unexpected ones are logged.
    except Exception as error:  # noqa: BLE001
        modern = connection.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS
        told["error"] = _refusal(problem_of(error), modern, caller)
    return told


def _invalid_params(error: ValidationError) -> dict[str, Any]:
    errors = [
        {"field": ".".join(map(str, one["loc"])), "detail": one["msg"]}
        for one in error.errors(include_url=False, include_input=False)[:20]
    ]
    first = errors[0]
    return {
        "code": INVALID_PARAMS,
        "message": f"Invalid params: {first['field']}: {first['detail']}",
        "data": {"errors": errors},
    }


def _refusal(problem: Problem, modern: bool, caller: Caller) -> dict[str, Any]:
    code = INVALID_PARAMS if problem.status < 500 else INTERNAL_ERROR
    if problem.status == 404 and not modern:
        code = RESOURCE_NOT_FOUND
    body = problem.body(instance="/mcp", request_id=caller.actor.request_id)
    return {"code": code, "message": problem.detail, "data": body}


def _invalid(words: str) -> Reply:
    return _failed(None, INVALID_REQUEST, words)


def _failed(id: str | int | None, code: int, words: str, data: Any = None) -> Reply:
    error = {"code": code, "message": words} | ({"data": data} if data else {})
    body = {"jsonrpc": "2.0", "id": id, "error": error}
    return Reply(ERROR_CODE_HTTP_STATUS.get(code, 400), body)
