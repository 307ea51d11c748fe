"""Documents of items: typed where their kind is, as they are where it is not."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from portal.wire.inputs.consumer import Consumer
from portal.wire.inputs.credential import Credential
from portal.wire.inputs.described import KindDocument
from portal.wire.inputs.fields import Free
from portal.wire.inputs.plugin_config import PluginConfig
from portal.wire.inputs.route import Route
from portal.wire.inputs.service import Service
from portal.wire.inputs.upstream import Upstream

# The gateway's own schema is the judge of the other kinds.
TYPED: dict[str, type[KindDocument]] = {
    form.kind: form
    for form in (Route, Service, Upstream, Consumer, Credential, PluginConfig)
}


class ItemDocument(Free):
    """A document of any kind; `schema.py` describes it by those that are typed."""


class Forms:
    """The typed forms of one request, each made once: items come by the thousand."""

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._context = context
        self._made: dict[str, KindDocument] = {}

    def check(self, kind: str, document: Any) -> None:
        """Raise ValidationError for what no gateway's document of this kind could be."""
        if kind not in TYPED:
            return
        if kind not in self._made:
            self._made[kind] = TYPED[kind](context=self._context)
        try:
            self._made[kind].run_validation(document)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"document": error.detail}) from error
