"""Addresses for asking for a change."""

from django.urls import path

from portal.web.asking import ask, completions, promote, recipes, targets

urlpatterns = [
    # Where it was before, for bookmarks; of two of one name links take the latter.
    path("changes/new/", ask.ask_page, name="ask"),
    path("ask/", ask.ask_page, name="ask"),
    path("ask/targets/", targets.targets_page, name="targets"),
    path("changes/<int:number>/revise/", ask.revise_page, name="revise"),
    path("gateways/<slug:slug>/promote/", promote.promote_page, name="promote"),
    path(
        "gateways/<slug:slug>/recipes/<str:route_id>/",
        recipes.recipes_page,
        name="recipes",
    ),
    path(
        "gateways/<slug:slug>/recipes/<str:route_id>/<slug:name>/",
        recipes.recipe_page,
        name="recipe",
    ),
    path(
        "gateways/<slug:slug>/completions/<slug:kind>/",
        completions.completions_of,
        name="completions",
    ),
]
