"""The page on which somebody asks: its forms, filled, judged and read."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms

from gateway.catalogue import known_catalogue
from gateway.documents import SERVER_MANAGED
from gateway.kinds import KINDS, Kind
from gateway.models import Resource
from gateway.schemas import Schemas
from gateway.skeletons import SKELETONS
from portal.accounts.roles import Verb
from portal.changes.asked import ChangeAsked
from portal.changes.models import ChangeRequest
from portal.changes.offered import kind_offered
from portal.errors import GatehouseError
from portal.web.ask_forms import ItemForm, RouteForm, WhyForm
from portal.web.pages import PersonRequest
from portal.web.probe_form import ProbeForm

ITEMS_AT_MOST = 20


class Asking:
    """The forms of one page: why, and either a route or items as JSON."""

    def __init__(
        self, request: PersonRequest, change: ChangeRequest | None = None
    ) -> None:
        self.request = request
        self.change = change
        given = request.POST if request.method == "POST" else None
        asked_as = request.POST.get("as") or request.GET.get("as", "")
        self.is_json = change is not None or asked_as == "json" or "kind" in request.GET
        self.why = WhyForm(given, initial=self._why())
        self.why.fields["gateway"].queryset = self._gateways()  # type: ignore[attr-defined]
        self.probe = ProbeForm(given, prefix="probe", initial=self._probe())
        self.route: RouteForm | None = None
        self.items: list[ItemForm] = []
        if not self.is_json:
            self.route = RouteForm(given)
        elif given is None:
            self.items = [
                ItemForm(prefix=f"item-{index}", initial=initial)
                for index, initial in enumerate(self._items())
            ]
        else:
            self.items = [
                ItemForm(given, prefix=f"item-{index}") for index in range(self._count)
            ]
        self._tell_of_kinds()

    @property
    def kinds(self) -> Sequence[Kind]:
        """The kinds to begin with, where nothing is begun."""
        is_new = self.request.method != "POST" and self.change is None
        if not self.is_json or not is_new or self.request.GET.get("id"):
            return ()
        return sorted(KINDS.values(), key=lambda kind: (-kind.tier, kind.title))

    @property
    def _count(self) -> int:
        text = self.request.POST.get("count", "1")
        count = int(text) if text.isascii() and text.isdigit() else 1
        return min(max(count, 1), ITEMS_AT_MOST)

    def _gateways(self) -> Any:
        gateways = self.request.user.gateways(Verb.ASK)
        if self.change is not None:
            gateways = gateways.filter(pk=self.change.gateway_id)
        return gateways

    def _tell_of_kinds(self) -> None:
        """Let each form say what its kind takes on the gateway that is meant."""
        if not self.items:
            return
        slug = self.why["gateway"].value()
        gateway = self._gateways().filter(slug=str(slug)).first()
        schemas = known_catalogue(gateway) if gateway else Schemas("", {}, {})
        for form in self.items:
            if kind := form.kind_chosen:
                form.tell(kind_offered(kind, schemas))

    def _why(self) -> dict[str, Any]:
        if self.change is not None:
            revision = self.change.latest_revision()
            return {
                "gateway": self.change.gateway.slug,
                "reason": self.change.reason,
                "title": self.change.title,
                "deliver_after": revision.deliver_after,
                "expires_after": revision.expires_after,
            }
        return {"gateway": self.request.GET.get("gateway", "default")}

    def _probe(self) -> dict[str, Any]:
        if self.change is None:
            return {}
        return ProbeForm.beginning(self.change.latest_revision().terms.probe)

    def _items(self) -> Sequence[dict[str, Any]]:
        """Return what the JSON forms begin with."""
        if self.change is not None:
            return [
                {
                    "action": "replace" if item.action == "update" else item.action,
                    "kind": item.kind,
                    "id": item.resource_id,
                    "document": _text(item.wanted),
                }
                for item in self.change.latest_revision().items.all()
            ]
        asked = self.request.GET
        kind, resource_id = asked.get("kind", "route"), asked.get("id", "")
        action = asked.get("action", "replace" if resource_id else "create")
        document = SKELETONS.get(kind) if action == "create" else None
        if resource_id and kind in KINDS and "\x00" not in resource_id:
            document = (
                Resource.objects.filter(
                    gateway__in=self._gateways(),
                    gateway__slug=asked.get("gateway", ""),
                    kind=kind,
                    resource_id=resource_id,
                )
                .values_list("document", flat=True)
                .first()
            )
        return [
            {
                "action": action,
                "kind": kind,
                "id": resource_id,
                "document": "" if action == "delete" else _text(document),
            }
        ]

    @property
    def all(self) -> list[forms.Form]:
        return [
            self.why,
            self.probe,
            *([self.route] if self.route else []),
            *self.items,
        ]

    def is_valid(self) -> bool:
        # All of them, so that every form says what is wrong with it.
        judged = [form.is_valid() for form in self.all]
        return all(judged)

    def asked(self) -> ChangeAsked:
        """Return what valid forms ask for."""
        given = self.why.cleaned_data
        return ChangeAsked(
            gateway=given["gateway"],
            reason=given["reason"],
            title=given["title"],
            terms=replace(self.why.terms(), probe=self.probe.probe()),
            items=self.route.items()
            if self.route
            else tuple(
                form.item(f"items.{index}") for index, form in enumerate(self.items)
            ),
        )

    def add_item(self) -> None:
        """Give one more empty form; what is typed stays, unjudged."""
        data = self.request.POST
        self.items = [
            ItemForm(prefix=f"item-{index}", initial=_typed(data, f"item-{index}"))
            for index in range(self._count)
        ]
        if len(self.items) < ITEMS_AT_MOST:
            self.items.append(ItemForm(prefix=f"item-{len(self.items)}"))
        self.why = WhyForm(initial={bound.name: bound.data for bound in self.why})
        self.probe = ProbeForm(
            prefix="probe", initial={bound.name: bound.data for bound in self.probe}
        )
        self.why.fields["gateway"].queryset = self._gateways()  # type: ignore[attr-defined]
        self._tell_of_kinds()

    def refuse(self, error: GatehouseError) -> None:
        """Put the words beside the field at fault, or above all fields."""
        self.refuse_at(error.field, str(error))

    def refuse_at(self, field: str, words: str) -> None:
        first, _, rest = field.partition(".")
        if first in self.why.fields:
            self.why.add_error(first, words)
        elif first == "items" and rest:
            index, _, path = rest.partition(".")
            if self.route:
                path = path.removeprefix("document").lstrip(".")
                self.route.add_error(self.route.field_for(path, words) or None, words)
            elif index.isdigit() and int(index) < len(self.items):
                form = self.items[int(index)]
                form.add_error(form.field_for(path) if path else None, words)
            else:
                self.why.add_error(None, words)
        else:
            self.why.add_error(None, words)


def _typed(data: Any, prefix: str) -> dict[str, str]:
    return {
        name: data.get(f"{prefix}-{name}", "")
        for name in ("action", "kind", "id", "document")
    }


def _text(document: Any) -> str:
    if document is None:
        return ""
    kept = {k: v for k, v in document.items() if k not in SERVER_MANAGED}
    return json.dumps(kept, indent=2, ensure_ascii=False)
