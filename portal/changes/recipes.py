"""Apply a recipe to a route: read it as it is now, and ask for what the recipe makes of it.

A recipe (gateway/recipes/) sees redacted documents only; the plan puts the secrets back
where the gateway still holds them, so nothing is shown and nothing lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.translation import gettext

from gateway.fingerprint import fingerprint_key
from gateway.kinds import KINDS
from gateway.live import Live
from gateway.mirror import catalogue_of
from gateway.models import Gateway
from gateway.readable import alike
from gateway.recipes import RECIPES
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import DoesNotFit, Made, RouteNow, Written, patch_between
from gateway.recipes.settings import WrongSettings
from gateway.redaction import redact
from gateway.schemas import Schemas
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.errors import (
    Malformed,
    NoSuchRecipe,
    NoSuchResource,
    NothingToChange,
    RecipeDoesNotFit,
)
from portal.changes.offered import offered
from portal.changes.plan import Plan, gateway_or_down
from portal.changes.propose import (
    Proposed,
    check_words,
    filed_before,
    preview,
    propose,
)
from portal.changes.terms import Terms

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RecipeAsked:
    """A recipe for one route, with its settings as they were given."""

    gateway: Gateway
    route: str
    recipe: str
    settings: Mapping[str, Any]
    reason: str = ""
    title: str = ""
    idempotency_key: str = ""
    conversation: str = ""
    terms: Terms = Terms()

    def as_change(self, made: Made | None = None) -> ChangeAsked:
        return ChangeAsked(
            gateway=self.gateway,
            reason=self.reason,
            title=self.title,
            items=tuple(_item(one) for one in made.written) if made else (),
            idempotency_key=self.idempotency_key,
            conversation=self.conversation,
            terms=self.terms,
            # Sent again it is the same request, whatever the route is like by then.
            source=f"recipe {self.recipe} for {self.route} "
            + orjson.dumps(dict(self.settings), option=orjson.OPT_SORT_KEYS).decode(),
        )


def apply_recipe(asked: RecipeAsked, *, actor: Actor) -> tuple[Proposed, Made | None]:
    """File the change; None instead of what was made where it was filed before.

    Raises NoSuchRecipe, NoSuchResource, Malformed for a setting, RecipeDoesNotFit,
    NothingToChange, and whatever `propose` raises.
    """
    person = actor.require(Verb.ASK, asked.gateway)
    recipe = recipe_named(asked.recipe)
    change = asked.as_change()
    check_words(change)
    if earlier := filed_before(change, actor, person):
        return Proposed(earlier, is_replay=True), None
    made = _make(recipe, asked)
    return propose(asked.as_change(made), actor=actor), made


def preview_recipe(asked: RecipeAsked, *, actor: Actor) -> tuple[Plan, Made]:
    """Show what `apply_recipe` would do. Raises as it does; nothing is stored."""
    actor.require(Verb.READ, asked.gateway)
    made = _make(recipe_named(asked.recipe), asked)
    return preview(asked.as_change(made), actor=actor), made


def recipe_named(name: str) -> Recipe:
    """Return a recipe. Raises NoSuchRecipe."""
    if name not in RECIPES:
        raise NoSuchRecipe(
            gettext("There is no recipe %(name)r. There are %(recipes)s.")
            % {"name": name[:80], "recipes": ", ".join(RECIPES)},
            field="name",
        )
    return RECIPES[name]


def recipes_offered(gateway: Gateway) -> list[tuple[Recipe, str]]:
    """Return every recipe, and why this gateway cannot have it, "" if it can.

    Raises GatewayDown if nothing is known of the gateway and it cannot be asked.
    """
    schemas = offered(gateway)
    return [(recipe, recipe.why_not(schemas)) for recipe in RECIPES.values()]


def _make(recipe: Recipe, asked: RecipeAsked) -> Made:
    if not KINDS["route"].accepts_id(asked.route):
        raise _no_route(asked)
    with gateway_or_down(asked.gateway) as client:
        schemas, live = catalogue_of(asked.gateway, client), Live(client)
        now = _now(asked, live, schemas)
        try:
            made = recipe.on(now, dict(asked.settings))
        except WrongSettings as error:
            at, words = error.wrong[0]
            raise Malformed(
                f"{at}: {words}" if at else words,
                field=f"settings.{at}" if at else "settings",
                errors=[
                    {"field": f"settings.{one}" if one else "settings", "detail": told}
                    for one, told in error.wrong
                ],
            ) from error
        except DoesNotFit as error:
            raise RecipeDoesNotFit(str(error), field="name") from error
    written = tuple(one for one in made.written if not _is_so(one, schemas))
    if not written:
        raise NothingToChange(
            gettext("Route %(route)s is so already. There is nothing to ask for.")
            % {"route": asked.route},
            field="name",
        )
    return Made(written, made.sets, made.then, made.notes)


def _is_so(written: Written, schemas: Schemas) -> bool:
    return alike(
        written.kind,
        written.before,
        written.after,
        version=schemas.version,
        schemas=schemas,
    )


def _now(asked: RecipeAsked, live: Live, schemas: Schemas) -> RouteNow:
    """Return the route as the gateway holds it now. Raises NoSuchResource."""

    def find(kind: str, resource_id: str) -> Document | None:
        found = live.find(kind, resource_id)
        if found is None:
            return None
        return redact(
            kind, found, key=fingerprint_key(), encrypt_fields=schemas.encrypt_fields
        )

    document = find("route", asked.route)
    if document is None:
        if live.find("stream_route", asked.route) is not None:
            raise NoSuchResource(
                gettext("%(route)s is a stream route. Recipes are for routes of HTTP.")
                % {"route": asked.route},
                field="id",
            )
        raise _no_route(asked)
    rules = live.documents("global_rule")
    return RouteNow(
        id=asked.route,
        document=document,
        find=find,
        catalogue=schemas,
        global_plugins={
            name: rule_id
            for rule_id, rule in rules.items()
            for name in rule.get("plugins") or {}
        },
    )


def _no_route(asked: RecipeAsked) -> NoSuchResource:
    return NoSuchResource(
        f"Gateway {asked.gateway.slug} holds no route {asked.route[:80]!r}. Look up its "
        "id.",
        field="id",
    )


def _item(written: Written) -> ItemAsked:
    """Return what is asked for: of what is there only what changes."""
    before = written.before
    document = written.after if before is None else patch_between(before, written.after)
    return ItemAsked(
        action="create" if before is None else "update",
        kind=written.kind,
        id=written.id,
        document=document,
        field=f"{KINDS[written.kind].path}.{written.id}",
        document_field="",
    )
