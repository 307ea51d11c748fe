"""One request to one Admin API, and one typed error for each way it can fail.

https://apisix.apache.org/docs/apisix/admin-api/ ; what differs from it was observed
on 3.18.0 (docs/apisix.md).
"""

import json
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson
import requests

from gateway.answers import (
    Document,
    Entry,
    as_entries,
    as_entry,
    as_object,
    as_rows,
    parsed,
    refusal,
)
from gateway.deadline import deadline_session
from gateway.errors import (
    Invalid,
    KeyRefused,
    NotFound,
    NotOffered,
    UnexpectedAnswer,
)
from gateway.exchange import Answered, Exchange
from gateway.kinds import KIND_BY_PATH, KINDS, Kind
from gateway.secret_fields import secrets_in
from gateway.trust import trusting

__all__ = ["AdminClient", "Answer", "Document", "Entries", "Entry", "new_session"]

PAGE_SIZE = 500
POOL_SIZE = 8

# Inside AdminClient, `list` is the method.
Entries = list[Entry]
Strings = list[str]
Rows = list[Any]


@dataclass(frozen=True)
class Answer:
    """What a write was answered; `elapsed` in seconds. Not proof: read back."""

    status: int
    body: Any
    elapsed: float

    @property
    def created(self) -> bool:
        return self.status == 201


class Reply(NamedTuple):
    """A 2xx answer."""

    status: int
    headers: Mapping[str, str]
    body: Any


def new_session(*, ca_bundle: str = "") -> requests.Session:
    """Return a session with a few keep-alive connections to one gateway.

    It trusts the PEM certificates of `ca_bundle`, those of the system when there are
    none. Raises NoCertificates.
    """
    context = trusting(ca_bundle) if ca_bundle.strip() else None
    return deadline_session(POOL_SIZE, context)


class AdminClient:
    """Speaks to one Admin API. Every method raises GatewayError and sends one request,
    unless it says otherwise.

    `deadline` is the total time in seconds that one request may take, `list_deadline`
    that one that reads a list may: thousands of documents come slowly. No redirect is
    followed, no write is sent twice, and no conditional header is ever sent: APISIX
    answers those with 412 after it has written. `session` is one of `new_session()`.
    """

    def __init__(
        self,
        *,
        admin_url: str,
        admin_key: str,
        session: requests.Session,
        verify: bool | str = True,
        deadline: float = 10.0,
        list_deadline: float | None = None,
    ) -> None:
        self.admin_url = admin_url.rstrip("/")
        self.deadline = deadline
        self.list_deadline = deadline if list_deadline is None else list_deadline
        self._admin_key = admin_key
        self._exchange = Exchange(self.admin_url, session, verify)

    def __repr__(self) -> str:
        return f"AdminClient({self.admin_url!r})"

    def __enter__(self) -> "AdminClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._exchange.close()

    # --- Resources

    def list(
        self, kind: str, *, parent: str | None = None, paged: bool = False
    ) -> Entries:
        """Return all resources of a kind; credentials need their consumer as `parent`.

        Whole in one request, or with `paged` in pages of 500: no cheaper for the
        gateway, but with bounded answers. Pages are no snapshot: what is deleted while
        they are read moves others to pages already read. Raises NotOffered.
        """
        path = _list_path(KINDS[kind], parent)
        if not paged:
            rows, _ = self._rows(KINDS[kind], path)
            return as_entries(KINDS[kind], rows)
        everything: Rows = []
        totals: set[int | None] = set()
        page, is_last = 1, False
        while not is_last:
            query = urlencode({"page": page, "page_size": PAGE_SIZE})
            rows, total = self._rows(KINDS[kind], f"{path}?{query}")
            totals.add(total)
            everything += rows
            page, is_last = page + 1, len(rows) < PAGE_SIZE
        if len(totals - {None}) > 1:
            return self.list(kind, parent=parent)  # the pages do not fit together
        found = {one.id: one for one in as_entries(KINDS[kind], everything)}
        return [*found.values()]

    def get(self, kind: str, resource_id: str) -> Entry:
        """Return one resource. Raises NotFound, and NotOffered for a kind it lacks."""
        one = KINDS[kind]
        entry = as_entry(one, self._send("GET", _path(one, resource_id)).body)
        if one.parent is not None and entry.id != resource_id:
            # Before 3.11 a path below a consumer means the consumer itself.
            raise NotOffered(f"This gateway has no {one.path}.")
        return entry

    def put(self, kind: str, resource_id: str, document: Document) -> Answer:
        """Create or replace one resource."""
        path = _path(KINDS[kind], resource_id)
        return self._write("PUT", path, document, _secrets(kind, document))

    def delete(self, kind: str, resource_id: str, *, force: bool = False) -> Answer:
        """Delete one resource; `force` skips the gateway's reference guards."""
        path = _path(KINDS[kind], resource_id) + ("?force=true" if force else "")
        return self._write("DELETE", path)

    # --- Checks that store nothing

    def validate(self, kind: str, document: Document) -> None:
        """Check a document against its kind's schema (3.5 and later). Raises Invalid."""
        path = f"/schema/validate/{KINDS[kind].path}"
        self._send("POST", path, document, _secrets(kind, document), is_read=True)

    def validate_configs(self, configs: Mapping[str, Sequence[Document]]) -> None:
        """Check documents and plugins of many kinds (3.17 and later).

        `configs` is {plural path: documents}. Raises Invalid with `errors`, which name
        path and index. References are not checked.
        """
        secrets = {
            secret
            for path, documents in configs.items()
            for document in documents
            for secret in _secrets(KIND_BY_PATH[path].name, document)
        }
        self._send("POST", "/configs/validate", configs, secrets, is_read=True)

    def relay(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str = "application/json",
    ) -> Answered:
        """Ask something that changes nothing; return whatever is answered.

        `path` is below `/apisix/admin`, with its query. Raises KeyRefused, which is no
        answer to whoever asked, and GatewayError where there is none.
        """
        headers = {"X-API-KEY": self._key_to_send(), "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        answered = self._exchange.send(
            method,
            f"/apisix/admin{path}",
            headers,
            body,
            deadline=self.list_deadline,
            is_read=True,
        )
        if answered.status in (401, 403) or answered.status >= 500:
            raise refusal(answered.status, answered.content, hide={self._admin_key})
        return answered

    # --- What the gateway is

    def plugins(self) -> dict[str, Any]:
        """Return every plugin's description: {name: {schema, priority, version, …}}."""
        return as_object(self._send("GET", "/plugins?all=true").body)

    def stream_plugins(self) -> dict[str, Any]:
        """Return every stream plugin's description."""
        return as_object(self._send("GET", "/plugins?all=true&subsystem=stream").body)

    def plugin_names(self) -> Strings:
        """Return the names of the enabled HTTP plugins, by priority."""
        body = self._send("GET", "/plugins/list?subsystem=http").body
        if not isinstance(body, Sequence) or isinstance(body, str):
            raise UnexpectedAnswer("The Admin API answered no list of plugins.")
        return [str(name) for name in body]

    def plugin_schema(self, name: str, schema_type: str | None = None) -> Document:
        """Return the schema of one plugin, or its `consumer` one. Raises NotFound."""
        query = f"?{urlencode({'schema_type': schema_type})}" if schema_type else ""
        path = KINDS["plugin_metadata"].url_path(name).rpartition("/")[2]
        return as_object(self._send("GET", f"/schema/plugins/{path}{query}").body)

    def schema(self, kind: str) -> Document:
        """Return a kind's JSON Schema. Raises NotOffered where there is none."""
        return as_object(self._send("GET", f"/schema/{KINDS[kind].name}").body)

    def version(self) -> str:
        """Return the gateway's version, such as 3.18.0; "" when it does not tell.

        Asks with the key, so that a wrong key is noticed here.
        """
        server = self._send("GET", "/plugins/list?subsystem=http").headers.get(
            "Server", ""
        )
        return server.partition("/")[2].strip() if server.startswith("APISIX/") else ""

    # --- How

    def _rows(self, kind: Kind, path: str) -> tuple[Rows, int | None]:
        try:
            reply = self._send("GET", path, deadline=self.list_deadline)
        except NotFound:
            if kind.parent is None:
                raise
            return [], 0  # a consumer without credentials, or no such consumer
        if kind.parent is not None and "list" not in as_object(reply.body):
            # Before 3.11 a path below a consumer means the consumer itself.
            raise NotOffered(f"This gateway has no {kind.path}.")
        return as_rows(reply.body)

    def _write(
        self,
        method: str,
        path: str,
        document: Document | None = None,
        secrets: Set[str] = frozenset(),
    ) -> Answer:
        started = time.monotonic()
        reply = self._send(method, path, document, secrets)
        if reply.body is None:
            # Headers that are cut off look like an answer without a body.
            raise self._exchange.incomplete()
        return Answer(reply.status, reply.body, time.monotonic() - started)

    def _send(
        self,
        method: str,
        path: str,
        document: Any = None,
        secrets: Set[str] = frozenset(),
        *,
        is_read: bool = False,
        deadline: float | None = None,
    ) -> Reply:
        """Send one request; return a 2xx answer, raise anything else."""
        headers = {"X-API-KEY": self._key_to_send(), "Accept": "application/json"}
        body = None
        if document is not None:
            body = _encoded(document)
            headers["Content-Type"] = "application/json"
        answered = self._exchange.send(
            method,
            f"/apisix/admin{path}",
            headers,
            body,
            deadline=self.deadline if deadline is None else deadline,
            is_read=is_read or method == "GET",
        )
        if 200 <= answered.status < 300:
            return Reply(answered.status, answered.headers, parsed(answered.content))
        hide = {*secrets, self._admin_key}
        raise refusal(answered.status, answered.content, hide=hide)

    def _key_to_send(self) -> str:
        """Return the key if a header can carry it: the libraries' errors repeat it."""
        key = self._admin_key
        if not key or not key.isascii() or not key.isprintable() or key != key.strip():
            raise KeyRefused(
                "The admin key cannot be sent: it is empty or holds characters that no "
                "HTTP header can carry. Enter it again."
            )
        return key


def _path(kind: Kind, resource_id: str) -> str:
    """Return a resource's path. An id like `..` would name something else."""
    if not kind.accepts_id(resource_id):
        raise Invalid(
            f"{resource_id!r} is no id of a {kind.title.lower()}: {kind.id_rule}."
        )
    return kind.url_path(resource_id)


def _list_path(kind: Kind, parent: str | None) -> str:
    if kind.parent is None:
        return f"/{kind.path}"
    if parent is None:
        raise ValueError(f"Listing {kind.path} needs the {kind.parent} they belong to.")
    return f"{_path(KINDS[kind.parent], parent)}/{kind.path}"


def _secrets(kind: str, document: Document) -> Set[str]:
    """Return the well-known secrets of a document, which a refusal must not repeat."""
    return secrets_in(kind, document, encrypt_fields={})


def _encoded(document: Any) -> bytes:
    """Return the JSON of a document. Raises Invalid."""
    try:
        return orjson.dumps(document)
    except TypeError:
        pass
    try:
        # Integers beyond 64 bits, and texts that are no Unicode.
        return json.dumps(document, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise Invalid("The document cannot be written as JSON.") from None
