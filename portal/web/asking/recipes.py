"""Recipes for one route: choose one, see what it would do, send it for review."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from gateway.models import Gateway, Resource
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes.errors import Malformed
from portal.changes.recipes import (
    RecipeAsked,
    apply_recipe,
    preview_recipe,
    recipe_named,
    recipes_offered,
)
from portal.errors import GatehouseError
from portal.web.asking.recipe_form import RecipeForm
from portal.web.changes.story import by_weight
from portal.web.gateways.glance import Row, row_of
from portal.web.gateways.listing import visible_gateway
from portal.web.items import ShownPlan
from portal.web.pages import PersonRequest, page, wants_fragment


@require_GET
@page
def recipes_page(request: PersonRequest, slug: str, route_id: str) -> HttpResponse:
    """Show all recipes, and which of them this gateway can have."""
    gateway = visible_gateway(request, slug)
    context = {
        "gateway": gateway,
        "row": _route(gateway, route_id),
        "groups": [
            (group, list(recipes))
            for group, recipes in groupby(
                recipes_offered(gateway), key=lambda one: one[0].group
            )
        ],
        "may_ask": request.user.may(Verb.ASK, gateway),
    }
    return render(request, "recipes/gallery.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def recipe_page(
    request: PersonRequest, slug: str, route_id: str, name: str
) -> HttpResponse:
    """Show the form of a recipe and what it would do; `do=send` files it.

    A page that is open asks for the preview alone, again and again.
    """
    gateway, recipe = visible_gateway(request, slug), recipe_named(name)
    form = RecipeForm(recipe, request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {
        "gateway": gateway,
        "row": _route(gateway, route_id),
        "recipe": recipe,
        "form": form,
        "may_ask": request.user.may(Verb.ASK, gateway),
    }
    if request.method == "POST" and not context["may_ask"]:
        return _show(request, context, status=403)
    if form.is_bound and not form.is_valid():
        return _show(request, context, status=400)
    asked = RecipeAsked(
        gateway=gateway,
        route=route_id,
        recipe=name,
        settings=form.settings() if form.is_bound else {},
        reason=form.cleaned_data["reason"] if form.is_bound else "",
        title=form.cleaned_data["title"] if form.is_bound else "",
    )
    try:
        if form.is_bound and request.POST.get("do") == "send":
            return _send(request, asked)
        plan, made = preview_recipe(asked, actor=present_actor(request))
    except GatehouseError as error:
        return _refuse(request, context, error)
    findings = [f.as_json() | {"path": plan.field_of(f)} for f in plan.findings]
    shown = {"plan": ShownPlan.of(plan), "made": made, "findings": by_weight(findings)}
    return _show(request, context | shown)


def _route(gateway: Gateway, route_id: str) -> Row:
    """Return the route as it was last seen, else 404."""
    found = (
        Resource.objects.filter(gateway=gateway, kind="route", resource_id=route_id)
        .defer("sealed")
        .first()
    )
    if found is None:
        raise Http404(
            gettext("Route %(route_id)s is not known here.")
            % {"route_id": route_id[:80]}
        )
    return row_of(found)


def _send(request: PersonRequest, asked: RecipeAsked) -> HttpResponse:
    proposed, made = apply_recipe(asked, actor=present_actor(request))
    if made is None:
        messages.success(
            request, gettext("You asked for this a moment ago; here it is.")
        )
    else:
        messages.success(request, " ".join((gettext("Sent for review."), *made.then)))
    return redirect(proposed.change)


def _refuse(
    request: PersonRequest, context: dict[str, Any], error: GatehouseError
) -> HttpResponse:
    form = context["form"]
    findings = [one | {"path": one["field"]} for one in error.extra.get("findings", [])]
    context |= {"findings": by_weight(findings)}
    if not form.is_bound and isinstance(error, Malformed):
        # Nothing is typed yet: that is no mistake.
        return _show(request, context | {"waits": True})
    told = error.extra.get("errors") or [{"field": error.field, "detail": str(error)}]
    beside = [
        one
        for one in told
        if form.is_bound and form.refuse_at(one["field"], one["detail"])
    ]
    if len(beside) < len(told):
        context["error"] = error
    return _show(request, context, status=error.status)


def _show(
    request: PersonRequest, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    if wants_fragment(request):
        # A page that is open takes a refusal for no answer at all.
        return render(request, "recipes/_shown.html", context)
    status = status if request.method == "POST" else 200
    return render(request, "recipes/recipe.html", context, status=status)
