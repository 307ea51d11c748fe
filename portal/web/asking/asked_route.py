"""A route that somebody asks for by forms: a new one, or one that is there.

The page carries the route's document along. The forms change the parts of it that they
show, so whatever they do not show stays as it is; and of a route that is there, only
what differs from what the page began with is asked for.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext

from gateway.documents import SERVER_MANAGED
from gateway.essentials import with_essentials
from gateway.merge import MergeError
from gateway.models import Gateway
from gateway.recipes.route import patch_between
from gateway.schemas import Schemas
from portal.changes.asked import ItemAsked, dotted
from portal.changes.errors import Malformed
from portal.strict_json import NotStrict, read_object
from portal.web.asking.plugin_forms import PluginForms
from portal.web.asking.protect_form import ProtectForm
from portal.web.asking.route_form import RouteForm

Document = dict[str, Any]

# What the forms show; the rest of a document stays as it is.
SHOWN = {
    *("uri", "uris", "host", "hosts", "methods", "name", "id"),
    *("upstream", "upstream_id", "service_id", "plugins", *SERVER_MANAGED),
}
# APISIX: `failed to check the configuration of plugin cors err: property "max_age" …`
NAMED_SETTING = re.compile(
    r'the configuration of plugin ([\w-]+) err: (?:property "([^"]+)" )?'
)


class RouteAsking:
    """The forms of one route. `before` is what it was, None for a new one."""

    def __init__(
        self,
        gateway: Gateway | None,
        schemas: Schemas,
        *,
        route_id: str = "",
        before: Document | None = None,
        document: Document | None = None,
        sent: Mapping[str, str] | None = None,
    ) -> None:
        self._gateway = gateway
        self.id = route_id
        self.before = before
        document = document if document is not None else before or {}
        self.form = RouteForm(document, sent)
        self.plugins = PluginForms("route", document, schemas, sent)
        self.protect = ProtectForm(document, schemas, sent)
        self.made: Document = {}

    @classmethod
    def sent(
        cls, gateway: Gateway | None, schemas: Schemas, sent: Mapping[str, str]
    ) -> "RouteAsking":
        """Return the forms as a page sent them."""
        before = _carried(sent, "before")
        return cls(
            gateway,
            schemas,
            route_id=sent.get("route_id", ""),
            before=before,
            document=_carried(sent, "document") or before,
            sent=sent,
        )

    @property
    def before_text(self) -> str:
        return "" if self.before is None else json.dumps(self.before)

    @property
    def document_text(self) -> str:
        """What the page carries along: with the plugins as they were sent."""
        return json.dumps(self.plugins.document)

    @property
    def kept(self) -> Sequence[str]:
        """The settings that no form shows."""
        return [name for name in self.plugins.document if name not in SHOWN]

    @property
    def forms(self) -> list[forms.Form]:
        return [self.form, self.protect]

    def is_valid(self) -> bool:
        """Judge all forms; a route that comes of them is in `made`."""
        judged = [self.form.is_valid(), self.protect.is_valid(), self.plugins.is_valid]
        if not all(judged) or self._gateway is None:
            return all(judged)
        try:
            made = with_essentials(self.plugins.document, self.form.essentials())
        except MergeError as error:
            self.form.add_error("upstream", str(error))
            return False
        self.made = self.protect.protected(made, self.id, self._gateway)
        return not self.protect.errors

    def items(self) -> tuple[ItemAsked, ...]:
        """Return what valid forms ask for."""
        is_new = self.before is None
        return (
            ItemAsked(
                action="create" if is_new else "update",
                kind="route",
                id=self.id,
                document=self.made
                if self.before is None
                else patch_between(self.before, self.made),
                field="items.0",
            ),
        )

    def rework(self, do: str) -> bool:
        """Do what a button beside the plugins says; say whether it was one."""
        what, _, name = do.partition(":")
        match what:
            case "plugin":
                self.plugins.add(str(self.form.data.get("add_plugin", "")).strip())
            case "drop":
                self.plugins.drop(name)
            case "grow":
                self.plugins.grow(name)
            case _:
                return False
        for form in self.forms:
            unjudge(form)
        return True

    def refuse(self, path: str, words: str) -> None:
        """Put words beside what a dotted path of the document comes from.

        Without a path, beside the setting of a plugin that the gateway's words name.
        """
        if not path and (named := NAMED_SETTING.search(words)):
            path = dotted("plugins", *(one for one in named.groups() if one))
        if not (path and self.plugins.refuse(path, words)):
            self.form.add_error(self.form.field_for(path, words) or None, words)


def unjudge(form: forms.Form) -> None:
    """Show what was sent without a word on it."""
    form.initial = {name: form[name].data for name in form.fields}
    form.is_bound = False


def _carried(sent: Mapping[str, str], name: str) -> Document | None:
    """Return the document that the page carries, None for none. Raises Malformed."""
    text = sent.get(name, "")
    try:
        return read_object(text, is_exact=False) if text else None
    except NotStrict as error:
        raise Malformed(
            gettext("The page lost what it began with. Open it anew."), field=name
        ) from error
