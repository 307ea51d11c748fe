"""The public addresses that tell what there is: documents, manifest, logo, legal page."""

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.api.documents import plugin_json, plugin_yaml, whole_yaml
from portal.api.manifest import manifest
from portal.wire.encode import dump
from portal.wire.problems import CODES

JSON, YAML = "application/json", "application/yaml"
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _document(body: bytes, media_type: str) -> HttpResponse:
    response = HttpResponse(body, content_type=media_type)
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def plugin_yaml_view(request: HttpRequest) -> HttpResponse:
    return _document(plugin_yaml(settings.PUBLIC_URL), YAML)


@require_safe
def plugin_json_view(request: HttpRequest) -> HttpResponse:
    return _document(plugin_json(settings.PUBLIC_URL), JSON)


@require_safe
def whole_yaml_view(request: HttpRequest) -> HttpResponse:
    return _document(whole_yaml(settings.PUBLIC_URL), YAML)


@require_safe
def ai_plugin(request: HttpRequest) -> HttpResponse:
    return _document(dump(manifest()), JSON)


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    path = finders.find("logo.png")
    if not isinstance(path, str):
        raise Http404
    response = HttpResponse(Path(path).read_bytes(), content_type="image/png")
    response["Cache-Control"] = "public, max-age=86400"
    return response


@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    return render(request, "api/legal.html", {"contact": settings.CONTACT_EMAIL})


@require_safe
def problem_words(request: HttpRequest, code: str) -> HttpResponse:
    """Explain an error's code: where `type` of a problem leads."""
    if code not in CODES:
        raise Http404
    return HttpResponse(f"{code}: {CODES[code]}.\n", content_type="text/plain")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the whole REST API with Swagger UI, which draws its icons from data: URLs."""
    response = render(request, "api/docs.html")
    response["Content-Security-Policy"] = DOCS_POLICY
    return response
