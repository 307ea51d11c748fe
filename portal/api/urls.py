"""Addresses for programs."""

from django.urls import path, re_path

from portal.api import public, rest_urls
from portal.api.health import healthz, metrics, readyz
from portal.api.views.base import Nowhere

app_name = "api"

urlpatterns = [
    *rest_urls.urlpatterns,
    path(".well-known/ai-plugin.json", public.ai_plugin),
    path("openapi.yaml", public.plugin_yaml_view),
    path("openapi.json", public.plugin_json_view),
    path("logo.png", public.logo),
    path("legal", public.legal, name="legal"),
    path("api/openapi.yaml", public.whole_yaml_view),
    path("api/docs", public.docs, name="docs"),
    path("api/problems/<slug:code>", public.problem_words),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("api", Nowhere.as_view()),
    path("api/", Nowhere.as_view()),
    # Also what holds the end of a line, which no `path` does.
    re_path(r"^api/(?P<rest>(?s:.+))\Z", Nowhere.as_view()),
]
