"""A request that shows how routes meet, as somebody would send it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from urllib.parse import quote, quote_plus

from gateway.router.match import Request

# From where it comes when that does not matter (RFC 5737).
ANY_ADDRESS = "203.0.113.1"


@dataclass(frozen=True, kw_only=True)
class Example:
    """One request. `form` is a URL-encoded body; `remote_addr` None: from anywhere."""

    method: str
    host: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    remote_addr: str | None = None
    form: str = ""
    scheme: str = "http"
    port: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Make a request in which variables have these values; None: not there.

        An argument that is True has no value.
        """
        headers = [
            ("-".join(word.capitalize() for word in name.split("_")), value)
            for name, value in _named("http_", values)
        ]
        cookies = [f"{name}={value}" for name, value in _named("cookie_", values)]
        if cookies:
            headers.append(("Cookie", "; ".join(cookies)))
        query = _encoded(_named("arg_", values))
        path = quote(values["uri"], safe="/:@!$&'()*+,;=~")
        return cls(
            method=values["request_method"],
            host=values["host"],
            target=f"{path}?{query}" if query else path,
            headers=tuple(headers),
            remote_addr=values["remote_addr"],
            form=_encoded(_named("post_arg_", values)),
            scheme=values.get("scheme", "http"),
            port=values.get("server_port", ""),
        )

    @property
    def authority(self) -> str:
        """The host, with the port where one matters."""
        is_whole = not self.port or ":" in self.host
        return self.host if is_whole else f"{self.host}:{self.port}"

    @cached_property
    def request(self) -> Request:
        """The request as the router sees it."""
        usual = 443 if self.scheme == "https" else 80
        return Request.build(
            self.method,
            self.target,
            headers=[("Host", self.authority), *self.headers],
            remote_addr=self.remote_addr or ANY_ADDRESS,
            scheme=self.scheme,
            port=int(self.port or usual),
            form=self.form,
        )

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    def __str__(self) -> str:
        extras = [f"{name}: {value}" for name, value in self.headers]
        if self.form:
            extras.append(f"the form {self.form}")
        with_extras = f" with {' and '.join(extras)}" if extras else ""
        sender = f" from {self.remote_addr}" if self.remote_addr else ""
        return f"{self.method} {self.url}{with_extras}{sender}"


def _named(prefix: str, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name.removeprefix(prefix), value)
        for name, value in values.items()
        if name.startswith(prefix) and value is not None
    ]


def _encoded(fields: Iterable[tuple[str, Any]]) -> str:
    return "&".join(
        quote_plus(name) if value is True else f"{quote_plus(name)}={quote_plus(value)}"
        for name, value in fields
    )
