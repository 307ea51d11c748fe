"""The page on which somebody asks: its forms, filled, judged and read."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from django import forms

from gateway.catalogue import known_catalogue
from gateway.documents import SERVER_MANAGED
from gateway.kinds import KINDS, Kind
from gateway.models import Gateway, Resource
from gateway.schemas import Schemas
from gateway.skeletons import SKELETONS
from portal.accounts.roles import Verb
from portal.changes.asked import ChangeAsked
from portal.changes.models import ChangeRequest
from portal.changes.offered import kind_offered
from portal.changes.states import State
from portal.errors import GatehouseError
from portal.web.asking.asked_route import RouteAsking, unjudge
from portal.web.asking.forms import ItemForm, WhyForm
from portal.web.asking.probe_form import ProbeForm
from portal.web.asking.targets import Target, targets_on
from portal.web.asking.told import Told, told_of
from portal.web.gateways.try_forms import example_of
from portal.web.pages import PersonRequest

ITEMS_AT_MOST = 20


class Asking:
    """The forms of one page: why, and either one route or items as JSON."""

    def __init__(
        self, request: PersonRequest, change: ChangeRequest | None = None
    ) -> None:
        self.request = request
        self.change = change
        given = request.POST if request.method == "POST" else None
        asked_as = request.POST.get("as") or request.GET.get("as", "")
        self.is_json = asked_as == "json" or (
            asked_as != "route" and (change is not None or "kind" in request.GET)
        )
        self.is_json = self.is_json or not self.may_be_form
        self.why = WhyForm(given, initial=self._why())
        self.why.fields["gateway"].queryset = self._gateways()  # type: ignore[attr-defined]
        self.probe = ProbeForm(given, prefix="probe", initial=self._probe())
        self.route: RouteAsking | None = None
        self.items: list[ItemForm] = []
        if not self.is_json:
            self.route = self._route()
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
        for form in self.items:
            if kind := form.kind_chosen:
                form.tell(kind_offered(kind, self.schemas))

    @cached_property
    def gateway(self) -> Gateway | None:
        """The gateway that is meant, if one may ask there."""
        slug = str(self.why["gateway"].value())
        found: Gateway | None = self._gateways().filter(slug=slug).first()
        return found

    @cached_property
    def schemas(self) -> Schemas:
        """What that gateway takes, as far as it is known."""
        return known_catalogue(self.gateway) if self.gateway else Schemas("", {}, {})

    @property
    def may_be_form(self) -> bool:
        """Whether it is about one route, which has forms of its own."""
        if self.change is None:
            asked = self.request.GET
            is_route = asked.get("kind", "route") == "route"
            is_there = not asked.get("id") or self._held is not None
            return is_route and asked.get("action") != "delete" and is_there
        items = self.change.latest_revision().items.all()
        return [(item.kind, item.wanted is None) for item in items] == [
            ("route", False)
        ]

    @cached_property
    def kept(self) -> ChangeRequest | None:
        """The draft in which this is kept, if one was begun."""
        if self.change is not None:
            return self.change if self.change.state == State.DRAFT else None
        number = self.request.POST.get("draft", "")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        drafts = ChangeRequest.objects.select_related("gateway")
        found: ChangeRequest | None = drafts.filter(
            number=int(number), author=self.request.user, state=State.DRAFT
        ).first()
        return found

    @property
    def as_form(self) -> str:
        """The address of the same as a form."""
        return self._address("route")

    @property
    def as_json(self) -> str:
        """The address of the same as JSON."""
        return self._address("json")

    @property
    def targets(self) -> list[Target]:
        """Where a route may go that is there already."""
        if self.gateway is None or self.route is None:
            return []
        typed = self.route.form["upstream"].value() or ""
        return targets_on(self.gateway, typed) or targets_on(self.gateway)

    @property
    def example(self) -> dict[str, str] | None:
        """A request that the route would answer."""
        if self.route is None or self.gateway is None or not self.route.made:
            return None
        return example_of(self.route.made, self.gateway)

    @property
    def told(self) -> list[Told]:
        """What is wrong with what was typed; what is not there yet is not."""
        return told_of(self.all, self.route.plugins.errors if self.route else {})

    def _address(self, asked_as: str) -> str:
        asked = self.request.GET.copy()
        asked["as"] = asked_as
        if self.route and self.route.id and self.change is None:
            gateway = self.gateway.slug if self.gateway else ""
            asked.update({"gateway": gateway, "kind": "route", "id": self.route.id})
        return f"{self.request.path}?{asked.urlencode()}"

    def _route(self) -> RouteAsking:
        if self.request.method == "POST":
            return RouteAsking.sent(self.gateway, self.schemas, self.request.POST)
        if self.change is not None:
            item = self.change.latest_revision().items.get()
            return RouteAsking(
                self.gateway,
                self.schemas,
                route_id=item.resource_id,
                before=_lasting(item.base),
                document=_lasting(item.wanted),
            )
        route_id = self.request.GET.get("id", "")
        return RouteAsking(
            self.gateway,
            self.schemas,
            route_id=route_id,
            before=_lasting(self._held),
        )

    @cached_property
    def _held(self) -> dict[str, Any] | None:
        """The document that the address names, as it was last seen; None for none."""
        asked = self.request.GET
        kind, resource_id = asked.get("kind", "route"), asked.get("id", "")
        if not resource_id or kind not in KINDS or "\x00" in resource_id:
            return None
        return (
            Resource.objects.filter(
                gateway__in=self._gateways(),
                gateway__slug=asked.get("gateway", ""),
                kind=kind,
                resource_id=resource_id,
            )
            .values_list("document", flat=True)
            .first()
        )

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
        if resource_id:
            document = self._held
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
            *(self.route.forms if self.route else []),
            *self.items,
        ]

    def is_valid(self) -> bool:
        # All of them, so that every form says what is wrong with it.
        judged = [form.is_valid() for form in (self.why, self.probe, *self.items)]
        if self.route:
            judged.append(self.route.is_valid())
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
        unjudge(self.why)
        unjudge(self.probe)
        self._tell_of_kinds()

    def rework(self, do: str) -> bool:
        """Do what a button amid the route's forms says; say whether it was one."""
        if self.route is None or not self.route.rework(do):
            return False
        unjudge(self.why)
        unjudge(self.probe)
        return True

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
                self.route.refuse(path, words)
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
    kept = _lasting(document)
    return "" if kept is None else json.dumps(kept, indent=2, ensure_ascii=False)


def _lasting(document: Any) -> dict[str, Any] | None:
    """Return a document without what the gateway alone writes."""
    if document is None:
        return None
    return {k: v for k, v in document.items() if k not in SERVER_MANAGED}
