"""Try a request: what a gateway does with it now, beside what it would do after a change."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from gateway.models import Gateway, Resource
from gateway.router.match import Request
from gateway.simulate.plugins import PluginUse
from gateway.simulate.trace import Outcome
from portal.accounts.presence import present_actor
from portal.changes.http_request import read_request
from portal.changes.models import ChangeRequest
from portal.changes.models.change import ChangeRequestQuerySet
from portal.changes.simulate import Simulation, sentence, simulate
from portal.errors import GatehouseError
from portal.web.gateways.listing import visible_gateway
from portal.web.gateways.tried import examples_of, keep_tried, tried_lately
from portal.web.gateways.try_forms import TryForm, example_of
from portal.web.pages import PersonRequest, page, wants_fragment

OFFERED = 50


@dataclass(frozen=True)
class Met:
    """A plugin on the way, and how it differs on the other side: new, gone, changed."""

    use: PluginUse
    mark: str


@dataclass(frozen=True)
class Side:
    """One of the two pictures, compared with the other one, if there is one."""

    title: str
    outcome: Outcome
    other: Outcome | None
    is_after: bool = False

    @property
    def route_mark(self) -> str:
        return self._changed(_route(self.outcome), self.other and _route(self.other))

    @property
    def upstream_mark(self) -> str:
        other = self.other and self.other.proxied
        return self._changed(self.outcome.proxied, other)

    @property
    def before(self) -> list[Met]:
        """What runs before the upstream is asked."""
        return [one for one in self._met() if not one.use.is_after_upstream]

    @property
    def behind(self) -> list[Met]:
        """What sees only the answer."""
        return [one for one in self._met() if one.use.is_after_upstream]

    def _met(self) -> Iterator[Met]:
        others = {
            (use.is_global, use.name): use
            for use in (self.other.plugins if self.other else ())
        }
        for use in self.outcome.plugins:
            other = others.get((use.is_global, use.name))
            if self.other is not None and other is None:
                yield Met(use, "new" if self.is_after else "gone")
            else:
                yield Met(use, self._changed(use, other))

    def _changed(self, one: Any, other: Any) -> str:
        return "changed" if self.other is not None and one != other else ""


def _route(outcome: Outcome) -> tuple[str, str, str | None] | None:
    match = outcome.match
    if match is None:
        return None
    return match.route_id, match.matched_uri, match.matched_host


def sides_of(simulation: Simulation) -> list[Side]:
    """Return the picture of now and, with a change, that of after it."""
    now, after = simulation.now, simulation.after
    sides = [Side(gettext("Now"), now, after)]
    if after is not None and simulation.change is not None:
        title = gettext("After #%(change)s") % {"change": simulation.change.number}
        sides.append(Side(title, after, now, is_after=True))
    return sides


@require_http_methods(["GET", "HEAD", "POST"])
@page
def simulate_page(request: PersonRequest, slug: str) -> HttpResponse:
    """Show what becomes of a request. The form is posted: its headers may hold secrets."""
    gateway = visible_gateway(request, slug)
    is_sent = request.method == "POST"
    initial = {} if is_sent else _initial(request, gateway)
    # What a link names is tried at once.
    given = request.POST if is_sent else initial if initial.get("url") else None
    form = TryForm(given, initial=initial)
    form.offer(_offered(request, gateway))
    simulation = _tried(form, request, gateway) if given is not None else None
    if simulation is not None:
        keep_tried(request, gateway, form["method"].value(), form["url"].value())
    lately = tried_lately(request, gateway)
    context = {
        "gateway": gateway,
        "form": form,
        "simulation": simulation,
        "sides": sides_of(simulation) if simulation else [],
        "asked": simulation and _line(simulation.request),
        "said": _said(simulation),
        "lately": lately,
        "examples": () if lately else examples_of(gateway),
    }
    if wants_fragment(request):
        # Shown by the open page whatever its status, so it is told as a success.
        return render(request, "simulate/_news.html", context)
    status = 400 if is_sent and form.errors else 200
    return render(request, "simulate/page.html", context, status=status)


def _tried(
    form: TryForm, request: PersonRequest, gateway: Gateway
) -> Simulation | None:
    """Return the simulation, or None with the reason beside the field at fault."""
    if not form.is_valid():
        return None
    told = dict(form.cleaned_data)
    change = told.pop("change")
    try:
        return simulate(
            read_request(**told),
            actor=present_actor(request),
            gateway=gateway.slug,
            change=change,
        )
    except GatehouseError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return None


def _line(request: Request) -> str:
    """Return a request as one reads it, its Host with the port."""
    host = request.headers.get("host", request.host)
    query = f"?{request.raw_query}" if request.raw_query else ""
    return f"{request.method} {host}{request.raw_path}{query}"


def _said(simulation: Simulation | None) -> str:
    """Say the outcome in words, for those who do not see the picture."""
    if simulation is None:
        return ""
    return " ".join(
        f"{side.title}: {sentence(side.outcome)}" for side in sides_of(simulation)
    )


def _initial(request: PersonRequest, gateway: Gateway) -> dict[str, Any]:
    """Return what the form begins with: what the address says, else an example of it."""
    asked = request.GET
    known = {name: asked[name] for name in TryForm.base_fields if asked.get(name)}
    if "url" in known:
        return {"method": "GET"} | known
    route = _route_named(request, gateway)
    example = example_of(route, gateway) if route else {"method": "GET"}
    return example | known


def _route_named(request: PersonRequest, gateway: Gateway) -> dict[str, Any] | None:
    """Return the route that the address names, or the first that its change touches."""
    route_id = request.GET.get("route", "")
    for change in _changes(request, gateway).filter(pk=_number(request)):
        item = change.latest_revision().items.filter(kind="route").first()
        return (item.wanted or item.base) if item else None
    if not route_id or "\x00" in route_id:
        return None
    return (
        Resource.objects.filter(gateway=gateway, kind="route", resource_id=route_id)
        .values_list("document", flat=True)
        .first()
    )


def _offered(request: PersonRequest, gateway: Gateway) -> list[ChangeRequest]:
    """Return the changes that can be chosen: the open ones, and the one that is named."""
    changes, number = _changes(request, gateway), _number(request)
    found = list(changes.open()[:OFFERED])
    if all(one.number != number for one in found):
        found += changes.filter(pk=number)
    return found


def _changes(request: PersonRequest, gateway: Gateway) -> ChangeRequestQuerySet:
    return ChangeRequest.objects.visible_to(request.user).filter(gateway=gateway)


def _number(request: PersonRequest) -> int:
    """Return the number of the change that is named; 0, which none has, for nonsense."""
    text = request.POST.get("change") or request.GET.get("change", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
