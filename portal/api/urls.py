"""Addresses for programs. `operations` are described in the OpenAPI documents."""

from django.urls import path

from portal.api.health import healthz, metrics, readyz
from portal.api.views import documents
from portal.api.views.base import Nowhere
from portal.api.views.changes import Changes, OneChange, PreviewChange, WithdrawChange
from portal.api.views.gateways import Gateways
from portal.api.views.plugins import OnePlugin, Plugins
from portal.api.views.resources import OneResource, Resources
from portal.api.views.routes import OneRoute, Routes

app_name = "api"

operations = [
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
]

urlpatterns = [
    *operations,
    path(".well-known/ai-plugin.json", documents.ai_plugin),
    path("openapi.yaml", documents.plugin_yaml_view),
    path("openapi.json", documents.plugin_json_view),
    path("logo.png", documents.logo),
    path("legal", documents.legal, name="legal"),
    path("api/openapi.yaml", documents.whole_yaml_view),
    path("api/docs", documents.docs, name="docs"),
    path("api/problems/<slug:code>", documents.problem_words),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("api", Nowhere.as_view()),
    path("api/", Nowhere.as_view()),
    path("api/<path:rest>", Nowhere.as_view()),
]
