"""What a write through the Admin API would come to: a document, or the API's refusal.

Nothing is written. Order and words are those of `apisix/admin/resource.lua` as observed
on 3.18.0. Whether the gateway would take the document is told by judge.py. Pure.
"""

import copy
from dataclasses import dataclass
from typing import Any

from gateway.admin_api import patch
from gateway.admin_api.request import WORDS, Address
from gateway.kinds import Kind, Verb

Document = dict[str, Any]

STAMPS = ("create_time", "update_time")


class Refused(Exception):
    """The Admin API refuses with this status and this `error_msg`."""

    def __init__(self, message: str, *, status: int = 400, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error_msg": message, **more}


class KeyNotFound(Refused):
    """There is no such resource."""

    def __init__(self) -> None:
        super().__init__("Key not found", status=404)
        self.body = {"message": "Key not found"}


@dataclass(frozen=True)
class Write:
    """One write as it was asked for; `has_body` tells no body from a JSON null."""

    method: str
    address: Address
    body: Any = None
    has_body: bool = False

    @property
    def kind(self) -> Kind:
        return self.address.kind

    @property
    def words(self) -> str:
        """Return how messages name the kind."""
        return WORDS.get(self.kind.name, self.kind.name)

    def expect_offered(self) -> None:
        """Raise Refused where the kind does not take the method."""
        if Verb(self.method) not in self.kind.verbs:
            raise Refused(
                f"not supported `{self.method}` method for {self.words}", status=405
            )

    def key(self) -> str:
        """Return the id that the write names, "" where the gateway chooses one.

        Raises Refused.
        """
        if self.method == "PUT":
            return self._put_key()
        given = self.address.resource_id
        if self.method == "POST":
            document = self._document()
            if given is not None or "id" in document:
                raise Refused(f"wrong {self.words} id, do not need it")
            return ""
        if given is None or (self.kind.name == "secret" and "/" not in given):
            raise Refused(f"missing {self.words} id")
        return self.address.key(given)

    def wanted(self, key: str, held: Document | None) -> Document | None:
        """Return what the resource shall be, None for gone; `held` is what it is.

        Raises Refused.
        """
        if self.method == "DELETE":
            if held is None:
                raise KeyNotFound
            return None
        if self.method == "PATCH":
            wanted = self._patched(held)
        else:
            wanted = self._document()
            _refuse_stamps(wanted)
        if self.kind.name not in ("consumer", "plugin_metadata"):
            wanted["id"] = key if self.kind.name == "secret" else key.rpartition("/")[2]
        elif self.kind.name == "plugin_metadata":
            wanted["id"] = key
        return wanted

    def _put_key(self) -> str:
        document, given = self._document(), self.address.resource_id
        if self.kind.name == "consumer":
            username = document.get("username")
            if given is not None and isinstance(username, str) and username != given:
                raise Refused("wrong username")
            return str(username or given or "")
        if self.kind.name == "plugin_metadata":
            if given is None:
                raise Refused("missing plugin name")
            return given
        inside = document.get("id")
        own = given if given is not None else inside
        if own is None:
            raise Refused(f"missing {self.words} id")
        if inside is not None and str(inside) != str(own):
            raise Refused(f"wrong {self.words} id")
        return self.address.key(str(own))

    def _document(self) -> Document:
        if not self.has_body:
            raise Refused("missing configurations")
        if not isinstance(self.body, dict):
            raise Refused("invalid request body: expected an object")
        return copy.deepcopy(self.body)

    def _patched(self, held: Document | None) -> Document:
        if not self.has_body:
            raise Refused("missing new configuration")
        if held is None:
            raise KeyNotFound
        path = self.address.sub_path
        if path:
            try:
                patched = patch.replace(held, path, self.body)
            except patch.BadSubPath as error:
                raise Refused(str(error)) from None
        elif isinstance(self.body, dict | list):
            patched = patch.merge(held, self.body)
        else:
            patched = None
        if not isinstance(patched, dict):
            raise Refused("invalid configuration")
        own = self.address.resource_id
        if str(patched.get("id", own)) != own:
            raise Refused(f"wrong {self.words} id")
        for stamp in STAMPS:
            patched.pop(stamp, None)
        return patched


def stamped(
    kind: Kind, document: Document, before: Document | None, at: int
) -> Document:
    """Return the document as the gateway would tell it, written at a second of Unix time.

    Clients take the times for granted. Metadata of plugins has none.
    """
    if kind.name == "plugin_metadata":
        return document
    created = (before or {}).get("create_time", at)
    return {**document, "create_time": created, "update_time": at}


def _refuse_stamps(document: Document) -> None:
    for prefix, holder in (("", document), ("upstream.", document.get("upstream"))):
        for stamp in STAMPS:
            if isinstance(holder, dict) and stamp in holder:
                raise Refused(f"the property is forbidden:  {prefix}{stamp}")
