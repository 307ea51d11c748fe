"""What each verb does to a resource."""

import time
from typing import Any

from starlette.responses import Response

from gateway.kinds import Verb
from gateway.sandbox import answers
from gateway.sandbox.answers import KeyNotFound, Refused
from gateway.sandbox.faults import Faults
from gateway.sandbox.request import AdminRequest
from gateway.sandbox.store import Store


class Resources:
    """The verbs over one store."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    def answer(self, request: AdminRequest) -> Response:
        """Do what is asked. Raises Refused or Crash."""
        if Verb(request.method) not in request.kind.verbs:
            raise Refused(
                f"not supported `{request.method}` method for {request.kind}",
                status=405,
            )
        match request.method:
            case "GET":
                return self._get(request)
            case "PUT":
                return self._put(request)
            case "DELETE":
                return self._delete(request)
        raise Refused("not found", status=404)

    def _get(self, request: AdminRequest) -> Response:
        kind = request.kind
        if request.resource_id is None:
            listed = [
                answers.one(path_of(request, key), entry, entry.document)
                for key, entry in self._store.entries(kind.name)
            ]
            return answers.answer(200, {"total": len(listed), "list": listed})
        key = store_key(request, request.resource_id)
        entry = self._store.entry(kind.name, key)
        if entry is None:
            raise KeyNotFound
        return answers.answer(
            200, answers.one(path_of(request, key), entry, entry.document)
        )

    def _put(self, request: AdminRequest) -> Response:
        if not request.has_body:
            raise Refused("missing configurations")
        document: dict[str, Any] = dict(request.body)
        given = document.get(request.kind.id_field)
        name = request.resource_id or (None if given is None else str(given))
        if name is None:
            raise Refused(f"missing {request.kind} id")
        if given is not None and str(given) != name.rpartition("/")[2]:
            raise Refused(f"wrong {request.kind} id")
        key = store_key(request, name)
        before = self._store.get(request.kind.name, key)
        document[request.kind.id_field] = name.rpartition("/")[2]
        if request.kind.name != "plugin_metadata":
            now = int(time.time())
            document["create_time"] = (before or {}).get("create_time", now)
            document["update_time"] = now
        self._store.put(request.kind.name, key, document, ttl=request.ttl)
        return answers.answer(
            200 if before else 201, answers.written(path_of(request, key), document)
        )

    def _delete(self, request: AdminRequest) -> Response:
        if request.resource_id is None:
            raise Refused(f"missing {request.kind} id")
        key = store_key(request, request.resource_id)
        if not self._store.delete(request.kind.name, key):
            raise KeyNotFound
        return answers.answer(200, answers.deleted(path_of(request, key)))


def store_key(request: AdminRequest, resource_id: str) -> str:
    """Return the id under which the store keeps this resource."""
    if request.kind.name == "credential":
        return f"{request.parent}/credentials/{resource_id}"
    return resource_id


def path_of(request: AdminRequest, key: str) -> str:
    """Return the path of a stored resource below etcd's prefix."""
    folder = "consumers" if request.kind.name == "credential" else request.kind.path
    return f"/{folder}/{key}"
