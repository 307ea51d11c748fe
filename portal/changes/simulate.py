"""Try a request: what a gateway does with it now, and would do after a change.

Told from the mirror and the change's items, which everybody may read; the gateway is
not asked and nothing is stored.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from gateway.held import Held, Overlaid
from gateway.mirror import catalogue_of
from gateway.mirrored import Mirrored
from gateway.models import Catalogue, Gateway
from gateway.patterns import TooSlow, patience
from gateway.router.match import Request
from gateway.schemas import Schemas
from gateway.simulate.trace import Outcome, Simulator
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.accounts.which_gateway import choose_gateway
from portal.changes.errors import (
    GatewayDown,
    NoSuchChange,
    TooSlowToTry,
    WrongState,
)
from portal.changes.findings import Severity
from portal.changes.models import ChangeRequest, Revision
from portal.changes.states import State

# Seconds in which a configuration's conditions and patterns must be done with a request.
PATIENCE = 2.0


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What becomes of a request. `why_not` says why a change has no `after`."""

    gateway: Gateway
    request: Request
    as_of: datetime
    now: Outcome
    change: ChangeRequest | None = None
    after: Outcome | None = None
    why_not: str = ""


def simulate(
    request: Request,
    *,
    actor: Actor,
    gateway: str | None = None,
    change: int | None = None,
) -> Simulation:
    """Tell what the gateway does with a request, and would do after a change.

    Without `gateway` (a slug) the change's counts. Raises what `choose_gateway` raises,
    NoSuchChange, WrongState for a change on another gateway, GatewayDown when the
    gateway was never read, and TooSlowToTry.
    """
    actor.require_scope(Verb.READ)
    asked = _change(change, actor) if change is not None else None
    if gateway is None and asked is not None:
        gateway = asked.gateway.slug
    chosen = choose_gateway(gateway, actor=actor)
    if asked is not None and asked.gateway_id != chosen.pk:
        raise WrongState(
            gettext(
                "Change #%(asked)s is about gateway %(gateway)s, not %(chosen)s. Ask for "
                "that gateway."
            )
            % {
                "asked": asked.number,
                "gateway": asked.gateway.slug,
                "chosen": chosen.slug,
            },
            field="change",
        )
    if chosen.mirrored_at is None:
        raise GatewayDown(
            gettext("Gateway %(chosen)s was not read yet. Try again in a minute.")
            % {"chosen": chosen.slug},
            field="gateway",
        )
    held, schemas = Mirrored(chosen), _schemas(chosen)
    now = _run(chosen, held, schemas, request)
    after, why_not = None, ""
    revision = asked.latest_revision() if asked is not None else None
    if revision is not None and not (why_not := _never(revision)):
        items = revision.items.values_list("kind", "resource_id", "wanted")
        written = {(kind, key): wanted for kind, key, wanted in items}
        after = _run(chosen, Overlaid(held, written), schemas, request)
    return Simulation(
        gateway=chosen,
        request=request,
        as_of=chosen.mirrored_at,
        now=now,
        change=asked,
        after=after,
        why_not=why_not,
    )


def sentence(outcome: Outcome) -> str:
    """Say in a sentence what becomes of the request."""
    if outcome.match is None:
        return " ".join(outcome.notes)
    running = [use.name for use in outcome.plugins if use.runs]
    plugins = f", {', '.join(running[:20])}" if running else ""
    targets = outcome.proxied.targets if outcome.proxied else ()
    nodes = [node.address for target in targets for node in target.nodes]
    names = [target.discovery for target in targets if target.discovery]
    where = ", ".join([*nodes[:5], *names]) or "nowhere"
    return f"route {outcome.match.route_id}{plugins} → {where}."


def _run(gateway: Gateway, held: Held, schemas: Schemas, request: Request) -> Outcome:
    """Return what becomes of the request. Raises TooSlowToTry."""
    simulator = Simulator(held, schemas, mode=gateway.assumed_router)
    try:
        with patience(PATIENCE):
            return simulator.run(request)
    except TooSlow as error:
        raise TooSlowToTry(
            gettext(
                "The routes' patterns take too long on this request, as they would at the "
                "gateway. Try another address, or make the patterns simpler."
            )
        ) from error


def _change(number: int, actor: Actor) -> ChangeRequest:
    changes = ChangeRequest.objects.none()
    if actor.person is not None:
        changes = ChangeRequest.objects.visible_to(actor.person).with_people()
    found = changes.filter(pk=number).first()
    if found is None:
        raise NoSuchChange(
            gettext("There is no change #%(number)s that you may see.")
            % {"number": number},
            field="change",
        )
    return found


def _never(revision: Revision) -> str:
    """Say why there is nothing to tell of a gateway after this revision."""
    if revision.change.state == State.APPLIED:
        return f"Change #{revision.change_id} is applied: what answers now includes it."
    if any(one.get("severity") == Severity.BLOCKER for one in revision.findings):
        return (
            f"A blocker stops change #{revision.change_id}: the gateway would not take "
            "it. See its findings."
        )
    return ""


def _schemas(gateway: Gateway) -> Schemas:
    """Return the kept schemas; a request that is only tried asks no gateway for them."""
    kept = Catalogue.objects.filter(gateway=gateway).values_list("version", flat=True)
    version = kept.first()
    return catalogue_of(gateway, version=version) if version else Schemas("", {}, {})
