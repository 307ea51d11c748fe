"""One request to one Admin API, and one typed error for each way it can fail.

https://apisix.apache.org/docs/apisix/admin-api/ ; what differs from it was observed
on 3.18.0 (docs/apisix.md).
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import orjson
import requests
import urllib3

from gateway.deadline import Deadline, deadline_session
from gateway.errors import (
    Busy,
    GatewayError,
    Invalid,
    ItemError,
    KeyRefused,
    NotFound,
    StillReferenced,
    UnexpectedAnswer,
    UnknownOutcome,
    Unreachable,
)
from gateway.kinds import KINDS, Kind

Document = dict[str, Any]

PAGE_SIZE = 500
ANSWER_LIMIT = 64 * 1024 * 1024
WORDS_LIMIT = 2_000
POOL_SIZE = 4
# Guards that a moment later may no longer refuse: they read memory that lags.
LAGGING_GUARD = re.compile(r"is still using it now|already exists in global rule")


@dataclass(frozen=True)
class Entry:
    """One resource as read: its id, its document, and etcd's revisions of it."""

    id: str
    document: Document
    created_index: int | None = None
    modified_index: int | None = None


# Inside AdminClient, `list` is the method.
Entries = list[Entry]


@dataclass(frozen=True)
class Answer:
    """What a write was answered; `elapsed` in seconds. Not proof: read back."""

    status: int
    body: Any
    elapsed: float

    @property
    def created(self) -> bool:
        return self.status == 201


def new_session() -> requests.Session:
    """Return a session with a few keep-alive connections to one gateway."""
    return deadline_session(POOL_SIZE)


class AdminClient:
    """Speaks to one Admin API. Every method raises GatewayError and sends one request,
    unless it says otherwise.

    `deadline` is the total time in seconds that one request may take. No redirect is
    followed, no write is sent twice, and no conditional header is ever sent: APISIX
    answers those with 412 after it has written.
    """

    def __init__(
        self,
        *,
        admin_url: str,
        admin_key: str,
        session: requests.Session,
        verify: bool | str = True,
        deadline: float = 10.0,
    ) -> None:
        self.admin_url = admin_url.rstrip("/")
        self._admin_key = admin_key
        self._session = session
        self._verify = verify
        self._deadline = deadline

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
        self._session.close()

    # --- Resources

    def list(
        self, kind: str, *, parent: str | None = None, paged: bool = False
    ) -> Entries:
        """Return all resources of a kind; credentials need their consumer as `parent`.

        Whole in one request, or with `paged` in pages of 500: no cheaper for the
        gateway, but with bounded answers.
        """
        path = self._list_path(KINDS[kind], parent)
        if not paged:
            return self._entries(KINDS[kind], self._list_page(path))
        entries: Entries = []
        page = 1
        while True:
            query = urlencode({"page": page, "page_size": PAGE_SIZE})
            found = self._entries(KINDS[kind], self._list_page(f"{path}?{query}"))
            entries += found
            if len(found) < PAGE_SIZE:
                return entries
            page += 1

    def get(self, kind: str, resource_id: str) -> Entry:
        """Return one resource. Raises NotFound."""
        body, _, _ = self._send("GET", KINDS[kind].url_path(resource_id))
        entry = self._entry(KINDS[kind], body)
        if entry is None:
            raise UnexpectedAnswer("The Admin API answered a resource without a value.")
        return entry

    def put(self, kind: str, resource_id: str, document: Document) -> Answer:
        """Create or replace one resource."""
        return self._write("PUT", KINDS[kind].url_path(resource_id), document)

    def delete(self, kind: str, resource_id: str, *, force: bool = False) -> Answer:
        """Delete one resource; `force` skips the gateway's reference guards."""
        path = KINDS[kind].url_path(resource_id) + ("?force=true" if force else "")
        return self._write("DELETE", path, None)

    # --- Checks that store nothing

    def validate(self, kind: str, document: Document) -> None:
        """Check a document against its kind's schema (3.5 and later). Raises Invalid."""
        self._send(
            "POST", f"/schema/validate/{KINDS[kind].path}", document, is_read=True
        )

    def validate_configs(self, configs: Mapping[str, Sequence[Document]]) -> None:
        """Check documents and plugins of many kinds (3.17 and later).

        `configs` is {plural path: documents}. Raises Invalid with `errors`, which name
        path and index. References are not checked.
        """
        self._send("POST", "/configs/validate", configs, is_read=True)

    # --- What the gateway is

    def plugins(self) -> dict[str, Any]:
        """Return every plugin's description: {name: {schema, priority, version, …}}."""
        body, _, _ = self._send("GET", "/plugins?all=true")
        return self._object(body)

    def stream_plugins(self) -> dict[str, Any]:
        """Return every stream plugin's description."""
        body, _, _ = self._send("GET", "/plugins?all=true&subsystem=stream")
        return self._object(body)

    def plugin_names(self) -> Sequence[str]:
        """Return the names of the enabled HTTP plugins, by priority."""
        body, _, _ = self._send("GET", "/plugins/list?subsystem=http")
        return [str(name) for name in body] if isinstance(body, list) else []

    def plugin_schema(self, name: str, *, schema_type: str | None = None) -> Document:
        """Return one plugin's JSON Schema; `schema_type` may be consumer or metadata."""
        query = f"?schema_type={schema_type}" if schema_type else ""
        body, _, _ = self._send("GET", f"/schema/plugins/{name}{query}")
        return self._object(body)

    def schema(self, kind: str) -> Document:
        """Return a kind's JSON Schema. Raises NotFound or Invalid where there is none."""
        body, _, _ = self._send("GET", f"/schema/{kind}")
        return self._object(body)

    def version(self) -> str:
        """Return the gateway's version, such as 3.18.0; "" when it does not tell.

        Asks with the key, so that a wrong key is noticed here.
        """
        _, headers, _ = self._send("GET", "/plugins/list?subsystem=http")
        server = headers.get("Server", "")
        return server.partition("/")[2].strip() if server.startswith("APISIX/") else ""

    # --- How

    def _list_path(self, kind: Kind, parent: str | None) -> str:
        if kind.parent is None:
            return f"/{kind.path}"
        if parent is None:
            raise ValueError(
                f"Listing {kind.path} needs the {kind.parent} they belong to."
            )
        return f"{KINDS[kind.parent].url_path(parent)}/{kind.path}"

    def _list_page(self, path: str) -> Any:
        try:
            body, _, _ = self._send("GET", path)
        except NotFound:
            return {"list": []}  # an empty list of credentials
        return body

    def _entries(self, kind: Kind, body: Any) -> Entries:
        rows = body.get("list") if isinstance(body, dict) else None
        # An empty list may come as an object: Lua has one type for both.
        found = [
            self._entry(kind, row) for row in (rows if isinstance(rows, list) else [])
        ]
        return [
            entry
            for entry in found
            if entry is not None
            # Credentials live below their consumer and are no consumers.
            and not (kind.name == "consumer" and "/" in entry.id)
        ]

    def _entry(self, kind: Kind, row: Any) -> Entry | None:
        if not isinstance(row, dict) or not isinstance(row.get("value"), dict):
            return None
        prefix = "/apisix/" + ("consumers" if kind.parent else kind.path) + "/"
        return Entry(
            id=str(row.get("key", "")).removeprefix(prefix),
            document=row["value"],
            created_index=row.get("createdIndex"),
            modified_index=row.get("modifiedIndex"),
        )

    def _object(self, body: Any) -> Document:
        if not isinstance(body, dict):
            raise UnexpectedAnswer(
                "The Admin API answered no JSON object where one was due."
            )
        return body

    def _write(self, method: str, path: str, document: Document | None) -> Answer:
        started = time.monotonic()
        body, _, status = self._send(method, path, document)
        return Answer(status, body, time.monotonic() - started)

    def _send(
        self, method: str, path: str, document: Any = None, *, is_read: bool = False
    ) -> tuple[Any, Any, int]:
        """Send one request; return (body, headers, status) of a 2xx answer.

        A read whose kept-alive connection turns out to be dead is sent once more; a
        write never is.
        """
        is_read = is_read or method == "GET"
        try:
            status, headers, content = self._exchange(method, path, document)
        except UnknownOutcome as error:
            if not is_read or error.status == TIMED_OUT:
                raise
            status, headers, content = self._exchange(method, path, document)
        if 200 <= status < 300:
            return self._parsed(content), headers, status
        raise self._refusal(status, content)

    def _exchange(
        self, method: str, path: str, document: Any
    ) -> tuple[int, Any, bytes]:
        headers = {"X-API-KEY": self._admin_key, "Accept": "application/json"}
        data = None
        if document is not None:
            data = orjson.dumps(document)
            headers["Content-Type"] = "application/json"
        with Deadline(self._deadline) as deadline:
            try:
                with self._session.request(
                    method,
                    f"{self.admin_url}/apisix/admin{path}",
                    data=data,
                    headers=headers,
                    timeout=self._deadline,
                    verify=self._verify,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    content = self._content(response)
                    status, answered = response.status_code, response.headers
            except (
                requests.RequestException,
                urllib3.exceptions.HTTPError,
                OSError,
            ) as error:
                raise self._transport_error(error, deadline.has_passed) from None
            if deadline.has_passed:
                raise self._late()
        return status, answered, content

    def _content(self, response: requests.Response) -> bytes:
        chunks, size = [], 0
        for chunk in response.iter_content(65_536):
            size += len(chunk)
            if size > ANSWER_LIMIT:
                raise UnexpectedAnswer(
                    f"The Admin API's answer is larger than {ANSWER_LIMIT >> 20} MiB.",
                    status=response.status_code,
                )
            chunks.append(chunk)
        return b"".join(chunks)

    def _transport_error(self, error: Exception, has_passed: bool) -> GatewayError:
        # The messages of urllib3 name address and cause, never headers; still, ours
        # are written here, so that nothing of a request can slip in.
        if _never_connected(error):
            return Unreachable(
                f"The Admin API at {self.admin_url} cannot be reached: {_cause(error)}."
            )
        if has_passed or isinstance(error, requests.Timeout):
            return self._late()
        return UnknownOutcome(
            f"The Admin API at {self.admin_url} broke the connection before its answer "
            "was complete."
        )

    def _late(self) -> UnknownOutcome:
        return UnknownOutcome(
            f"The Admin API at {self.admin_url} did not answer within {self._deadline:g} s.",
            status=TIMED_OUT,
        )

    def _parsed(self, content: bytes) -> Any:
        if not content.strip():
            return None
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            raise UnexpectedAnswer(
                "The Admin API answered something that is no JSON."
            ) from None

    def _refusal(self, status: int, content: bytes) -> GatewayError:
        """Return the error of an answer that is not 2xx."""
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError:
            body = None
        words = self._words(body)
        if status in (401, 403):
            return KeyRefused(
                f"The Admin API refuses the admin key: {words or status}.",
                status=status,
            )
        if status == 404 and isinstance(body, dict):
            return NotFound(words or "Not found.", status=status)
        if status in (429, 502, 503, 504):
            return Busy(words or f"The Admin API answered {status}.", status=status)
        if 400 <= status < 500 and (
            isinstance(body, dict) or not content.startswith(b"<")
        ):
            words = words or content[:WORDS_LIMIT].decode("utf-8", "replace").strip()
            kind = StillReferenced if LAGGING_GUARD.search(words) else Invalid
            return kind(
                words or f"The Admin API answered {status}.",
                status=status,
                errors=_item_errors(body),
            )
        return UnexpectedAnswer(
            f"The Admin API answered {status}, not as an Admin API does. "
            "Check the gateway's address.",
            status=status,
        )

    def _words(self, body: Any) -> str:
        """Return APISIX's words alone: its `req_body` would repeat secrets."""
        if not isinstance(body, dict):
            return ""
        for name in ("error_msg", "message", "description"):
            value = body.get(name)
            if value and isinstance(value, str):
                return value.replace(self._admin_key, "***")[:WORDS_LIMIT]
        return ""


# The status of an UnknownOutcome whose deadline passed: no answer has one.
TIMED_OUT = 0


def _never_connected(error: Exception) -> bool:
    """Say whether the failure came before any byte of the request was sent."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError) or isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema
    )


def _cause(error: Exception) -> str:
    text = str(error).lower()
    for mark, words in (
        ("refused", "connection refused"),
        ("resolve", "unknown host"),
        ("not known", "unknown host"),
        ("certificate", "its TLS certificate is not trusted"),
        ("ssl", "TLS failed"),
        ("timed out", "no connection in time"),
    ):
        if mark in text:
            return words
    return "no connection"


def _item_errors(body: Any) -> tuple[ItemError, ...]:
    rows = body.get("errors") if isinstance(body, dict) else None
    return tuple(
        ItemError(
            str(row.get("resource_type", "")),
            # APISIX counts from 0 here; a missing index means the first.
            int(row.get("index") or 0),
            str(row.get("error", ""))[:WORDS_LIMIT],
        )
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    )
