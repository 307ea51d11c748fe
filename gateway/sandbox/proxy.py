"""The sandbox's data plane: routes requests, runs plugins, asks upstreams.

A stand-in for trying and testing, and honest about it: every answer carries
`X-Sandbox`, and `X-Sandbox-Ignored-Plugins` names what is configured but not run here.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Router as Application
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.router.match import Mode, Request
from gateway.sandbox import chain
from gateway.sandbox.balancer import Balancer
from gateway.sandbox.chain import Chain, Layer
from gateway.sandbox.configuration import Configuration, Documents
from gateway.sandbox.exchange import VERSION, Exchange, Exit, Reply, header_text
from gateway.sandbox.forward import Body, Forwarder
from gateway.sandbox.mirror import Mirror
from gateway.sandbox.plugins import new_plugins

NOT_FOUND = Exit(404, {"error_msg": "404 Route Not Found"})
_SMALL = 1024 * 1024
_FORM = "application/x-www-form-urlencoded"


def proxy_app(documents: Documents, *, mode: Mode | str = Mode.HOST_URI) -> ASGIApp:
    """Return the data plane over these documents, which may change at any time.

    Counters, caches and turns of the balancer live as long as the application.
    """
    plane = _DataPlane(documents, Mode(mode))
    return Application(default=plane, lifespan=plane.lifespan)


class _DataPlane:
    def __init__(self, documents: Documents, mode: Mode) -> None:
        self._documents = documents
        self._mode = mode
        self._configuration: Configuration | None = None
        self._plugins = new_plugins()
        self._balancer = Balancer()
        self._forwarder: Forwarder | None = None
        self._mirror: Mirror | None = None

    @contextlib.asynccontextmanager
    async def lifespan(self, app: object) -> AsyncIterator[None]:
        """Close the connections to upstreams when the server stops."""
        yield
        if self._forwarder is not None:
            await self._forwarder.close()
            self._forwarder = None
        if self._mirror is not None:
            await self._mirror.close()
            self._mirror = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
            return
        incoming = HTTPRequest(scope, receive)
        body = Body(incoming.stream() if _has_body(incoming.headers) else None)
        if _is_small(incoming.headers):
            # Whole, so that another node may be sent it after the first one failed.
            await body.read()
        configuration = self._current()
        exchange = Exchange(
            await _request_of(scope, body, configuration.router.reads_form),
            MutableHeaders(raw=list(scope["headers"])),
        )
        reply = await self._reply(exchange, configuration, body)
        _finish(reply, exchange)
        try:
            await _response(reply)(scope, receive, send)
        finally:
            await reply.drop()

    def _current(self) -> Configuration:
        before = self._configuration
        if before is None or before.revision != self._documents.revision:
            self._configuration = Configuration(self._documents, self._mode, before)
        assert self._configuration is not None  # noqa: S101 - set just above
        return self._configuration

    async def _reply(
        self, exchange: Exchange, configuration: Configuration, body: Body
    ) -> Reply:
        run = Chain()
        answer = await self._before_upstream(exchange, configuration, run)
        if answer is None:
            reply = await self._ask_upstream(exchange, configuration, body)
        else:
            reply = Reply.of(answer)
        exchange.reply = reply
        for name in set(exchange.answer_headers.keys()):
            del reply.headers[name]
        for name, value in exchange.answer_headers.items():
            reply.headers.append(name, value)
        try:
            await chain.filters([*run.of_everybody, *run.of_route], exchange, reply)
        except BaseException:
            await reply.drop()
            raise
        return reply

    async def _before_upstream(
        self, exchange: Exchange, configuration: Configuration, run: Chain
    ) -> Exit | None:
        """Route the request and run its plugins; an answer means: do not ask further."""
        exchange.match = configuration.router.match(exchange.request)
        layers: list[Layer] = []
        if exchange.match is not None:
            missing = _read_route(exchange, configuration, layers)
            if missing is not None:
                return missing
        everybody: list[Layer] = [
            (f"global_rules/{key}", rule.get("plugins") or {}, False)
            for key, rule in configuration.global_rules.items()
        ]
        run.of_everybody = chain.uses(everybody, self._plugins, configuration, exchange)
        answer = await chain.rewrite(run.of_everybody, exchange)
        answer = answer or await chain.access(run.of_everybody, exchange)
        if answer is not None or exchange.match is None:
            return answer or NOT_FOUND
        if exchange.route.get("script"):
            exchange.ignore("script")
            return None
        run.of_route = chain.uses(layers, self._plugins, configuration, exchange)
        answer = await chain.rewrite(run.of_route, exchange)
        if answer is None and exchange.consumer is not None:
            answer = await self._for_consumer(exchange, configuration, run, layers)
        return answer or await chain.access(run.of_route, exchange)

    async def _for_consumer(
        self,
        exchange: Exchange,
        configuration: Configuration,
        run: Chain,
        layers: list[Layer],
    ) -> Exit | None:
        """Merge what the consumer brings, and run what was not there before."""
        consumer = exchange.consumer
        if consumer is None:
            return None
        group_id = consumer.group_id
        if group_id is not None:
            group = configuration.consumer_groups.get(group_id)
            if group is None:
                return Exit(503)
            layers = [
                *layers,
                (f"consumer_groups/{group_id}", group.get("plugins") or {}, True),
            ]
        own = f"consumers/{consumer.username}"
        # Credentials are written like plugins, but say who calls, not what to do.
        plugins = {
            name: conf
            for name, conf in consumer.plugins.items()
            if name not in self._plugins or not self._plugins[name].is_auth
        }
        run.of_route = chain.uses(
            [*layers, (own, plugins, True)], self._plugins, configuration, exchange
        )
        brought = [use for use in run.of_route if use.is_from_consumer]
        return await chain.rewrite(brought, exchange)

    async def _ask_upstream(
        self, exchange: Exchange, configuration: Configuration, body: Body
    ) -> Reply:
        found = _upstream_of(exchange, configuration)
        if isinstance(found, Exit):
            return Reply.of(found)
        if found.get("service_name"):
            exchange.ignore("upstream.discovery_type")
        if found.get("checks"):
            exchange.ignore("upstream.checks")
        if (found.get("tls") or {}).keys() & {"client_cert", "client_cert_id"}:
            exchange.ignore("upstream.tls")
        if "upgrade" in exchange.headers and exchange.route.get("enable_websocket"):
            exchange.ignore("enable_websocket")
        if exchange.mirror is not None:
            if self._mirror is None:
                self._mirror = Mirror()
            await self._mirror.send(exchange, body)
        if self._forwarder is None:
            self._forwarder = Forwarder(self._balancer)
        timeout = exchange.route.get("timeout") or {}
        return await self._forwarder.forward(found, exchange, body, timeout)


def _read_route(
    exchange: Exchange, configuration: Configuration, layers: list[Layer]
) -> Exit | None:
    """Collect the plugins of the route and what it refers to, weakest first."""
    match = exchange.match
    if match is None:
        return None
    route = exchange.route = match.route
    if match.filter_assumed:
        exchange.ignore("filter_func")
    config_id = route.get("plugin_config_id")
    config = configuration.plugin_configs.get(str(config_id))
    if config_id is not None and config is None:
        return Exit(503)
    service_id = route.get("service_id")
    if service_id is not None:
        service = configuration.services.get(str(service_id))
        if service is None:
            return Exit(404)
        exchange.service = service
        if service.get("script"):
            exchange.ignore("script")
        layers.append((f"services/{service_id}", service.get("plugins") or {}, False))
    if config is not None:
        layers.append(
            (f"plugin_configs/{config_id}", config.get("plugins") or {}, False)
        )
    layers.append((f"routes/{match.route_id}", route.get("plugins") or {}, False))
    return None


def _upstream_of(
    exchange: Exchange, configuration: Configuration
) -> Mapping[str, Any] | Exit:
    """Return the upstream to ask: a plugin's choice, the route's, then the service's."""
    route, service = exchange.route, exchange.service
    if exchange.upstream is not None:
        return exchange.upstream
    upstream_id = exchange.upstream_id or route.get("upstream_id")
    if upstream_id is None and "upstream" not in route:
        upstream_id = service.get("upstream_id")
    if upstream_id is not None:
        return configuration.upstreams.get(str(upstream_id)) or Exit(502)
    upstream = route.get("upstream") or service.get("upstream")
    return Exit(503) if upstream is None else dict(upstream)


def _has_body(headers: Headers) -> bool:
    return (
        "transfer-encoding" in headers
        or headers.get("content-length", "0").strip() != "0"
    )


def _is_small(headers: Headers) -> bool:
    length = headers.get("content-length", "")
    return length.isdecimal() and int(length) <= _SMALL


async def _request_of(scope: Scope, body: Body, reads_form: bool) -> Request:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in scope["headers"]
    ]
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    if not path.startswith("/") and "://" in path:
        # The absolute form, which clients send to a proxy.
        path = "/" + path.partition("://")[2].partition("/")[2]
    query = scope["query_string"].decode("latin-1")
    kinds = [value for name, value in headers if name.lower() == "content-type"]
    is_form = reads_form and bool(kinds) and kinds[0].startswith(_FORM)
    form = (await body.read()).decode("latin-1") if is_form else ""
    return Request.build(
        scope["method"],
        f"{path}?{query}" if query else path,
        headers=headers,
        remote_addr=scope["client"][0] if scope.get("client") else "127.0.0.1",
        scheme=scope.get("scheme", "http"),
        port=(scope["server"][1] if scope.get("server") else None) or 80,
        form=form,
    )


def _finish(reply: Reply, exchange: Exchange) -> None:
    reply.headers["server"] = VERSION
    reply.headers["x-sandbox"] = "gatehouse"
    if exchange.ignored:
        reply.headers["x-sandbox-ignored-plugins"] = header_text(
            ", ".join(exchange.ignored)
        )
    if isinstance(reply.body, bytes):
        if reply.status in (204, 304) or reply.status < 200:
            reply.body = b""
            del reply.headers["content-length"]
        else:
            reply.headers["content-length"] = str(len(reply.body))


def _response(reply: Reply) -> Response:
    response: Response
    if isinstance(reply.body, bytes):
        response = Response(reply.body, reply.status)
    else:
        response = StreamingResponse(reply.body, reply.status)
    response.raw_headers = reply.headers.raw
    return response
