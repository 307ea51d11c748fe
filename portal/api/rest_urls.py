"""The REST API: which view answers where. The OpenAPI documents describe these.

`plugin` is what a chat client reads, whose document must stay small.
"""

from django.urls import path

from portal.api.views.audit import Events, OneEvent
from portal.api.views.checks import Checks
from portal.api.views.drift import Drifts, OneDrift
from portal.api.views.freezes import Freezes
from portal.api.views.openapi import ImportOpenAPI, OpenAPIOfGateway, PublishOpenAPI
from portal.api.views.operations import (
    Changes,
    Gateways,
    OneChange,
    OnePlugin,
    OneResource,
    OneRoute,
    Plugins,
    PreviewChange,
    RecipeOnRoute,
    Recipes,
    Resources,
    ReviseChange,
    Routes,
    Simulate,
    WithdrawChange,
)
from portal.api.views.promote import Promote
from portal.api.views.rebase import RebaseChange
from portal.api.views.rollback import RollbackChange
from portal.api.views.rules import Rules, TryRules
from portal.api.views.schemas import KindSchema
from portal.api.views.transfer import Export, Import, Imports

plugin = [
    path("api/routes", Routes.as_view()),
    path("api/routes/<str:id>", OneRoute.as_view()),
    path("api/resources/<str:kind>", Resources.as_view()),
    path("api/resources/<str:kind>/<path:id>", OneResource.as_view()),
    path("api/changes", Changes.as_view()),
    path("api/changes/preview", PreviewChange.as_view()),
    path("api/changes/<int:number>", OneChange.as_view()),
    path("api/changes/<int:number>/withdraw", WithdrawChange.as_view()),
    path("api/plugins", Plugins.as_view()),
    path("api/plugins/<str:name>", OnePlugin.as_view()),
    path("api/gateways", Gateways.as_view()),
    path("api/simulate", Simulate.as_view()),
]

urlpatterns = [
    *plugin,
    path("api/changes/<int:number>/revise", ReviseChange.as_view()),
    path("api/changes/<int:number>/rebase", RebaseChange.as_view()),
    path("api/changes/<int:number>/rollback", RollbackChange.as_view()),
    path("api/audit", Events.as_view()),
    path("api/audit/<int:number>", OneEvent.as_view()),
    path("api/checks", Checks.as_view()),
    path("api/gateways/<str:slug>/freezes", Freezes.as_view()),
    path("api/gateways/<str:slug>/drift", Drifts.as_view()),
    path("api/gateways/<str:slug>/drift/<int:id>", OneDrift.as_view()),
    path("api/recipes", Recipes.as_view()),
    path("api/routes/<str:id>/recipes/<str:name>", RecipeOnRoute.as_view()),
    path("api/openapi/import", ImportOpenAPI.as_view()),
    path("api/gateways/<str:slug>/openapi.yaml", OpenAPIOfGateway.as_view()),
    path("api/gateways/<str:slug>/openapi/publish", PublishOpenAPI.as_view()),
    path("api/rules", Rules.as_view()),
    path("api/rules/try", TryRules.as_view()),
    path("api/schemas/<str:kind>", KindSchema.as_view()),
    path("api/gateways/<str:slug>/export", Export.as_view()),
    path("api/gateways/<str:slug>/import", Import.as_view()),
    path("api/gateways/<str:slug>/promote", Promote.as_view()),
    path("api/gateways/<str:slug>/imports/<int:id>", Imports.as_view()),
]
