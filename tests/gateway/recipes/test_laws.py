"""What holds of every recipe, whatever its settings and the route are."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gateway.client import AdminClient, new_session
from gateway.merge import merge
from gateway.recipes import RECIPES
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import DoesNotFit, Made, RouteNow, patch_between
from gateway.recipes.settings import WrongSettings
from gateway.schemas import Schemas, fetch_schemas
from tests.gateway.recipes.made_up import HELD, Document, now, routes, settings_of
from tests.gateway.test_documents import recorded_schemas
from tests.sandbox import SandboxGateway

every_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda r: r.name)
patient = settings(
    max_examples=25,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)


@pytest.fixture(scope="module")
def schemas(sandbox_server: SandboxGateway) -> Schemas:
    sandbox_server.start()  # another test may have stopped it
    with AdminClient(
        admin_url=sandbox_server.admin_url,
        admin_key=sandbox_server.key,
        session=new_session(),
    ) as client:
        return fetch_schemas(client)


@cache
def real_schemas() -> Schemas:
    return recorded_schemas()


def made(recipe: Recipe, route: RouteNow, told: Document) -> Made:
    """What it comes to, where the settings and the route go together."""
    try:
        return recipe.on(route, told)
    except (DoesNotFit, WrongSettings):
        assume(False)
        raise


def after(route: RouteNow, made: Made) -> RouteNow:
    """The same route once it is written."""
    written = {(one.kind, one.id): one.after for one in made.written}

    def find(kind: str, resource_id: str) -> Document | None:
        return written.get((kind, resource_id)) or route.find(kind, resource_id)

    own = written.get(("route", route.id), route.document)
    return RouteNow(route.id, own, find, route.catalogue)


@every_recipe
@patient
@given(data=st.data())
def test_it_keeps_what_was_there_and_a_gateway_takes_it(
    recipe: Recipe, data: st.DataObject, schemas: Schemas, sandbox: SandboxGateway
) -> None:
    hold(sandbox)
    route = now(data.draw(routes()), schemas)
    assume(sandbox.send("PUT", "route", "r1", route.document).is_success)
    told = data.draw(settings_of(recipe))

    result = made(recipe, route, told)

    for one in result.written:
        before = one.before or {}
        assert merge(one.kind, before, patch_between(before, one.after)) == one.after
        assert list(schemas.violations(one.kind, one.after)) == []
        sandbox.put(one.kind, one.id, one.after)
    again = after(route, result)
    assert list(unsaid(recipe, route, again, result)) == []
    assert recipe.on(again, told).written == ()


def hold(sandbox: SandboxGateway) -> None:
    for (kind, resource_id), document in HELD.items():
        lasting = {k: v for k, v in document.items() if not k.endswith("_time")}
        sandbox.put(kind, resource_id, lasting)


def unsaid(recipe: Recipe, was: RouteNow, then: RouteNow, made: Made) -> Iterator[str]:
    """Yield what is no longer there of the route's plugins, and nobody said so."""
    plugins = then.document.get("plugins", {})
    for name, own in was.document.get("plugins", {}).items():
        if name not in recipe.plugins and plugins.get(name) != own:
            yield name
        for field, value in dict(own or {}).items():
            kept = plugins.get(name, {}).get(field)
            if field == "_meta" or holds(kept, value):
                continue
            if not any(f"plugins.{name}.{field}" in note for note in made.notes):
                yield f"{name}.{field}"


def holds(then: Any, was: Any) -> bool:
    """Whether all that was there is there yet: lists and objects may have grown."""
    if isinstance(was, dict) and isinstance(then, dict):
        return all(name in then and holds(then[name], was[name]) for name in was)
    if isinstance(was, list) and isinstance(then, list):
        return all(part in then for part in was)
    return bool(then == was)


def test_what_is_gone_is_noticed() -> None:
    was = {"add": {"X-A": "1"}, "remove": ["X-B"]}

    assert holds({"add": {"X-A": "1", "X-C": "2"}, "remove": ["X-B", "0"]}, was)
    assert not holds({"add": {"X-A": "1"}}, was)
    assert not holds({"add": {"X-A": "2"}, "remove": ["X-B"]}, was)
    assert not holds({"add": {"X-A": "1"}, "remove": ["0"]}, was)


@pytest.mark.contract
@every_recipe
@patient
@given(data=st.data())
def test_a_real_gateway_s_schemas_take_it(recipe: Recipe, data: st.DataObject) -> None:
    schemas = real_schemas()
    route = now(data.draw(routes()), schemas)
    assume(not list(schemas.violations("route", route.document)))

    for one in made(recipe, route, data.draw(settings_of(recipe))).written:
        assert list(schemas.violations(one.kind, one.after)) == []


@every_recipe
def test_its_example_and_its_defaults_make_sense(
    recipe: Recipe, schemas: Schemas
) -> None:
    result = recipe.on(
        now({"uri": "/a/*", "upstream": {"nodes": {"10.0.0.1:80": 1}}}, schemas),
        dict(recipe.example),
    )

    assert result.written
    assert result.sets
    for words in (*result.sets, *result.then, recipe.description):
        assert words.endswith(".")
    for name, schema in recipe.properties.items():
        assert schema["title"], name
        assert schema["description"].endswith("."), name
    assert set(recipe.plugins) <= schemas.plugins.keys()
