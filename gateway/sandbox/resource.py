"""What each verb does to a resource."""

import time

from starlette.responses import Response

from gateway.admin_api import lists, patch
from gateway.admin_api.request import WORDS, path_of
from gateway.kinds import Verb
from gateway.sandbox import answers
from gateway.sandbox.answers import Crash, KeyNotFound, Refused
from gateway.sandbox.checks import Candidate, check, check_metadata
from gateway.sandbox.encryption import Veil
from gateway.sandbox.faults import Faults
from gateway.sandbox.references import guard
from gateway.sandbox.request import AdminRequest
from gateway.sandbox.store import Document, Store

# Kinds whose documents are known by something else than an id of their own.
WITHOUT_ID = frozenset({"consumer", "plugin_metadata"})
STAMPS = ("create_time", "update_time")


class Resources:
    """The verbs over one store."""

    def __init__(self, store: Store, faults: Faults, veil: Veil) -> None:
        self._store = store
        self._faults = faults
        self._veil = veil

    def answer(self, request: AdminRequest) -> Response:
        """Do what is asked. Raises Refused or Crash."""
        if request.kind.name == "stream_route" and not self._faults.stream:
            raise Refused("stream mode is disabled, can not add stream routes")
        if Verb(request.method) not in request.kind.verbs:
            words = WORDS.get(request.kind.name, request.kind.name)
            raise Refused(
                f"not supported `{request.method}` method for {words}", status=405
            )
        match request.method:
            case "GET":
                return self._get(request)
            case "PUT":
                return self._put(request)
            case "POST":
                return self._post(request)
            case "PATCH":
                return self._patch(request)
        return self._delete(request)

    def _get(self, request: AdminRequest) -> Response:
        kind = request.kind.name
        if request.resource_id is None:
            return self._list(request)
        key = store_key(request, request.resource_id)
        entry = self._store.entry(kind, key)
        if entry is None:
            raise KeyNotFound
        shown = self._veil.read(kind, entry.document)
        return answers.answer(
            200, answers.one(path_of(request.kind, key), entry, shown)
        )

    def _list(self, request: AdminRequest) -> Response:
        kind = request.kind
        entries = self._store.entries(kind.name)
        if kind.name == "credential":
            prefix = f"{request.parent}/credentials/"
            entries = [entry for entry in entries if entry[0].startswith(prefix)]
            if not entries:
                raise KeyNotFound
        items = [
            answers.one(
                path_of(kind, key), entry, self._veil.read(kind.name, entry.document)
            )
            for key, entry in entries
        ]
        try:
            listed = lists.listing(kind.name, items, request.arguments)
        except lists.BadPage as error:
            return answers.plain(400, str(error))
        return answers.answer(200, listed)

    def _put(self, request: AdminRequest) -> Response:
        document = _body(request)
        _refuse_stamps(document)
        key = self._put_id(request, document)
        self._check(request, document, key)
        if request.kind.name == "credential":
            self._require_consumer(request)
        before = self._store.get(request.kind.name, key)
        if request.kind.name == "plugin_metadata":
            document["id"] = key
        else:
            now = int(time.time())
            document["create_time"] = (before or {}).get("create_time", now)
            document["update_time"] = now
        return self._write(200 if before else 201, request, key, document)

    def _put_id(self, request: AdminRequest, document: Document) -> str:
        kind = request.kind.name
        if kind == "consumer":
            return str(document.get("username"))
        if kind == "plugin_metadata":
            if request.resource_id is None:
                raise Refused("missing plugin name")
            return request.resource_id
        given = document.get("id")
        own_id = request.resource_id if request.resource_id is not None else given
        if own_id is None:
            raise Refused(f"missing {WORDS.get(kind, kind)} id")
        if given is not None and str(given) != str(own_id):
            raise Refused(f"wrong {WORDS.get(kind, kind)} id")
        document["id"] = own_id
        return store_key(request, str(own_id))

    def _post(self, request: AdminRequest) -> Response:
        document = _body(request)
        _refuse_stamps(document)
        kind = request.kind.name
        if request.resource_id is not None or "id" in document:
            raise Refused(f"wrong {WORDS.get(kind, kind)} id, do not need it")
        self._check(request, document, None)
        key = f"{self._store.reserve():020d}"
        now = int(time.time())
        document |= {"id": key, "create_time": now, "update_time": now}
        return self._write(201, request, key, document)

    def _patch(self, request: AdminRequest) -> Response:
        kind = request.kind.name
        if request.resource_id is None:
            raise Refused(f"missing {WORDS.get(kind, kind)} id")
        if kind == "secret" and "/" not in request.resource_id:
            raise Refused("no secret id")
        if not request.has_body:
            raise Refused("missing new configuration")
        if not request.sub_path and not isinstance(request.body, dict | list):
            raise Refused("invalid configuration")
        key = store_key(request, request.resource_id)
        old = self._store.get(kind, key)
        if old is None:
            raise KeyNotFound
        if request.sub_path:
            try:
                document = patch.replace(old, request.sub_path, request.body)
            except patch.BadSubPath as error:
                raise Refused(str(error)) from None
            document["update_time"] = int(time.time())
        else:
            document = patch.merge(old, request.body)
            if "update_time" not in request.body:
                document["update_time"] = int(time.time())
        if str(document.get("id", request.resource_id)) != request.resource_id:
            raise Refused(f"wrong {WORDS.get(kind, kind)} id")
        document["id"] = request.resource_id
        self._check(request, document, key)
        return self._write(200, request, key, document)

    def _delete(self, request: AdminRequest) -> Response:
        kind = request.kind.name
        bare_manager = kind == "secret" and "/" not in (request.resource_id or "/")
        if request.resource_id is None or bare_manager:
            raise Refused(f"missing {WORDS.get(kind, kind)} id")
        key = store_key(request, request.resource_id)
        if request.arguments.get("force") != "true":
            guard(self._store, kind, key, lag=self._faults.lag)
        if not self._store.delete(kind, key):
            raise KeyNotFound
        if kind == "consumer":
            for credential in self._store.all("credential"):
                if credential.startswith(f"{key}/credentials/"):
                    self._store.delete("credential", credential)
        return answers.answer(200, answers.deleted(path_of(request.kind, key)))

    def _check(
        self, request: AdminRequest, document: Document, key: str | None
    ) -> None:
        if request.kind.name == "plugin_metadata":
            check_metadata(key, document)
            return
        own_id = request.resource_id if request.kind.name == "consumer" else key
        candidate = Candidate(document=document, own_id=own_id, lag=self._faults.lag)
        check(request.kind.name, candidate, self._store)

    def _require_consumer(self, request: AdminRequest) -> None:
        if self._store.get("consumer", str(request.parent)) is None:
            raise Refused("consumer not found", status=404)

    def _write(
        self, status: int, request: AdminRequest, key: str, document: Document
    ) -> Response:
        kind = request.kind
        self._veil.take_in(document)
        self._store.put(kind.name, key, document, ttl=request.ttl)
        shown = self._veil.written(kind.name, key, document)
        return answers.answer(status, answers.written(path_of(kind, key), shown))


def _body(request: AdminRequest) -> Document:
    if not request.has_body:
        raise Refused("missing configurations")
    if not isinstance(request.body, dict | list):
        # APISIX sets a field of what it decoded, and fails when that is no table.
        raise Crash
    return dict(patch.as_members(request.body))


def _refuse_stamps(document: Document) -> None:
    upstream = document.get("upstream")
    for prefix, holder in (("", document), ("upstream.", upstream)):
        for stamp in STAMPS:
            if isinstance(holder, dict) and stamp in holder:
                raise Refused(f"the property is forbidden:  {prefix}{stamp}")


def store_key(request: AdminRequest, resource_id: str) -> str:
    """Return the id under which the store keeps this resource."""
    if request.kind.name == "credential":
        return f"{request.parent}/credentials/{resource_id}"
    return resource_id
