"""Fields that the gateway meant knows, beyond those that are typed here."""

from collections.abc import Container
from functools import cached_property
from typing import Any

from gateway.catalogue import known_catalogue
from gateway.schemas import Schemas
from portal.accounts.actor import Actor
from portal.accounts.which_gateway import choose_gateway
from portal.errors import GatehouseError


class AlsoKnown:
    """Looks them up in the schemas that the gateway told, only when a field asks.

    Only what is kept: a bad field name must not cost a call to the gateway.
    """

    def __init__(self, body: Any, actor: Actor) -> None:
        self._slug = body.get("gateway") if isinstance(body, dict) else None
        self._actor = actor

    def has(self, kind: str, name: str) -> bool:
        """Say whether the gateway's schema of this kind has such a field."""
        return name in self._fields_of(kind)

    def _fields_of(self, kind: str) -> Container[str]:
        fields = self._schemas.kinds.get(kind, {}).get("properties", {})
        return fields if isinstance(fields, dict) else ()

    @cached_property
    def _schemas(self) -> Schemas:
        slug = self._slug if isinstance(self._slug, str) else None
        try:
            return known_catalogue(choose_gateway(slug, actor=self._actor))
        except GatehouseError:
            # Which is told once the body is well-formed.
            return Schemas("", {}, {})
