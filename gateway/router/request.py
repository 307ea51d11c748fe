"""A request as a router sees it, and the variables that conditions may name."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import Self
from urllib.parse import unquote, unquote_plus

from gateway.router.vars import Value

_SLASHES = re.compile(r"/{2,}")


def normalized_uri(path: str) -> str:
    """Return a path as nginx's `$uri`: decoded, dots resolved, double slashes merged."""
    text = _SLASHES.sub("/", unquote(path, errors="surrogateescape"))
    if "/." not in text:
        return text
    folder = text.endswith(("/", "/.", "/.."))
    text = posixpath.normpath(text)
    return text + "/" if folder and text != "/" else text


@dataclass(frozen=True)
class Request:
    """One request. `path` is without the query and normalised; `host` without the port.

    Names of `headers` are matched without regard to case. A query argument that has no
    value is True; of several with one name the first counts. `form` holds the fields of
    a URL-encoded body, when somebody has read it. `raw_path` and `raw_query` are what
    the client sent, where that is known.
    """

    method: str = "GET"
    host: str = ""
    path: str = "/"
    query: Mapping[str, str | bool] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    remote_addr: str = "127.0.0.1"
    scheme: str = "http"
    port: int = 80
    form: Mapping[str, str | bool] = field(default_factory=dict)
    raw_path: str | None = None
    raw_query: str | None = None

    @classmethod
    def build(
        cls,
        method: str,
        target: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        remote_addr: str = "127.0.0.1",
        scheme: str = "http",
        port: int = 80,
        form: str = "",
    ) -> Self:
        """Make a request from what stands on the wire: `GET`, `/a?b=c`, the headers."""
        raw_path, _, raw_query = target.partition("?")
        folded: dict[str, str] = {}
        for name, value in headers:
            lower = name.lower()
            joiner = "; " if lower == "cookie" else ", "
            folded[lower] = folded[lower] + joiner + value if lower in folded else value
        return cls(
            method=method,
            host=host_name(folded.get("host", "")),
            path=normalized_uri(raw_path),
            query=arguments(raw_query),
            headers=folded,
            cookies=_cookies(folded.get("cookie", "")),
            remote_addr=remote_addr,
            scheme=scheme,
            port=port,
            form=arguments(form),
            raw_path=raw_path,
            raw_query=raw_query,
        )

    @cached_property
    def header_variables(self) -> dict[str, str]:
        """The headers under the names that variables have: `X-A` is `x_a`."""
        return {
            name.lower().replace("-", "_"): value
            for name, value in self.headers.items()
        }

    def variable(self, name: str) -> Value:
        """Return what APISIX's variable of this name holds; None when there is none.

        `arg_`, `http_`, `cookie_` and `post_arg_` plus the variables of nginx that a
        request alone decides (https://nginx.org/en/docs/varindex.html).
        """
        prefix, _, rest = name.partition("_")
        if prefix == "arg":
            return self.query.get(rest)
        if prefix == "http" and rest:
            return self.header_variables.get(rest.lower().replace("-", "_"))
        if prefix == "cookie":
            return self.cookies.get(rest)
        if name.startswith(("post_arg_", "post_arg.")):
            return self.form.get(name[len("post_arg_") :])
        return self._nginx.get(name)

    @cached_property
    def _nginx(self) -> dict[str, Value]:
        path = self.path if self.raw_path is None else self.raw_path
        query = "&".join(
            key if value is True else f"{key}={value}"
            for key, value in self.query.items()
        )
        query = query if self.raw_query is None else self.raw_query
        return {
            "uri": self.path,
            "document_uri": self.path,
            "request_uri": f"{path}?{query}" if query else path,
            "args": query or None,
            "query_string": query or None,
            "is_args": "?" if query else "",
            "host": self.host,
            "method": self.method,
            "request_method": self.method,
            "remote_addr": self.remote_addr,
            "scheme": self.scheme,
            "https": "on" if self.scheme == "https" else "",
            "server_port": str(self.port),
            "server_protocol": "HTTP/1.1",
            "content_type": self.header_variables.get("content_type", ""),
            "content_length": self.header_variables.get("content_length", ""),
        }


def is_of_request(name: str) -> bool:
    """Say whether a request alone decides what this variable holds."""
    with_prefix = ("arg_", "http_", "cookie_", "post_arg_", "post_arg.")
    return name.startswith(with_prefix) or name in _OF_NGINX


def host_name(header: str) -> str:
    """Return a Host header as nginx's `$host`: lower case, without the port."""
    host = header.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def arguments(text: str) -> dict[str, str | bool]:
    """Parse a query: the first value of each name, True where there is no value."""
    found: dict[str, str | bool] = {}
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if name:
            found.setdefault(
                unquote_plus(name), unquote_plus(value) if equals else True
            )
    return found


def _cookies(header: str) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


_OF_NGINX = frozenset(Request()._nginx)
