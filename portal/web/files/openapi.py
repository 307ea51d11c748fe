"""A gateway's OpenAPI documents: bring one, take the gateway's own, have it told."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from gateway.models import Gateway
from gateway.openapi.convert import whose
from gateway.sentences import counted
from gateway.visible import visible
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes.openapi.asked import (
    FORMAT,
    DocumentAsked,
    fetched,
    options_of,
    told_url,
)
from portal.changes.openapi.export import export_document, written
from portal.changes.openapi.propose_document import (
    Previewed,
    preview_document,
    propose_document,
)
from portal.changes.openapi.publish import PublishAsked, publish
from portal.changes.transfer.later import AT_ONCE, keep_for_later
from portal.errors import GatehouseError
from portal.web.changes.story import by_weight
from portal.web.files.openapi_forms import DocumentForm, PublishForm
from portal.web.files.transfer import SHOWN_ITEMS, latest_files
from portal.web.files.uploads import takes_file
from portal.web.gateways.listing import visible_gateway
from portal.web.pages import PersonRequest, page, wants_fragment

# The others stand on the page of the change.
SAID_REMARKS = 3


@dataclass(frozen=True)
class Line:
    """What becomes of one operation, or of the service or an upstream."""

    operation: str
    sentence: str


@takes_file
@require_http_methods(["GET", "HEAD", "POST"])
@page
def openapi_page(request: PersonRequest, slug: str) -> HttpResponse:
    """Take a document: `do=preview` shows what it would do, `do=send` files it."""
    gateway = visible_gateway(request, slug)
    if wants_fragment(request):
        return render(
            request,
            "transfer/_files.html",
            latest_files(request, gateway, format=FORMAT),
        )
    if request.method != "POST":
        return _show(request, gateway, DocumentForm())
    form = DocumentForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, gateway, form, status=400)
    try:
        asked = _asked(request, gateway, form)
        if request.POST.get("do") == "send":
            return _send(request, asked)
        shown = preview_document(asked, actor=present_actor(request))
    except GatehouseError as error:
        return _refused(request, gateway, form, error)
    findings = [
        one.as_json() | {"path": shown.plan.field_of(one)}
        for one in shown.plan.findings
    ]
    return _show(request, gateway, form, shown=shown, findings=by_weight(findings))


def _asked(
    request: PersonRequest, gateway: Gateway, form: DocumentForm
) -> DocumentAsked:
    present_actor(request).require(Verb.ASK, gateway)
    given = form.cleaned_data
    url = given["url"]
    options = options_of(form.options(), gateway, url=told_url(url))
    source = given["file"] or given["document"].encode()
    return DocumentAsked(
        gateway=gateway,
        source=fetched(url, limit=settings.IMPORT_LIMIT) if url else source,
        url=told_url(url),
        options=options,
        terms=form.terms(),
        **{name: given[name] for name in ("reason", "title", "delete_missing")},
    )


def _send(request: PersonRequest, asked: DocumentAsked) -> HttpResponse:
    actor = present_actor(request)
    if len(asked.source) > AT_ONCE:
        keep_for_later(asked, actor=actor)
        messages.info(request, "The document is large: it is being read.")
        return redirect(f"{resolve_url('web:openapi', asked.gateway.slug)}#files")
    imported = propose_document(asked, actor=actor)
    said = gettext("Sent for review.")
    if imported.proposed.is_replay:
        said = gettext("You asked for this a moment ago; here it is.")
    messages.success(
        request, visible(" ".join([said, *imported.remarks[:SAID_REMARKS]]))
    )
    return redirect(imported.proposed.change)


def _refused(
    request: PersonRequest, gateway: Gateway, form: DocumentForm, error: GatehouseError
) -> HttpResponse:
    field = error.field if error.field in form.fields else None
    if field == "document" and not form.cleaned_data["document"]:
        # The words stand beside what was given.
        field = "url" if form.cleaned_data["url"] else "file"
    form.add_error(field, str(error))
    findings = [
        one | {"path": one.get("pointer") or one["field"]}
        for one in error.extra.get("findings", [])
    ]
    return _show(
        request, gateway, form, findings=by_weight(findings), status=error.status
    )


def _show(
    request: PersonRequest,
    gateway: Gateway,
    form: DocumentForm,
    *,
    publishing: PublishForm | None = None,
    shown: Previewed | None = None,
    findings: list[dict[str, Any]] | None = None,
    status: int = 200,
) -> HttpResponse:
    lines = _lines(shown) if shown else []
    context = latest_files(request, gateway, format=FORMAT) | {
        "form": form,
        "publishing": publishing or PublishForm(prefix="publish"),
        "may_ask": request.user.may(Verb.ASK, gateway),
        "shown": shown,
        "lines": lines[:SHOWN_ITEMS],
        "counts": counted((one.action, one.kind.name) for one in shown.plan.items)
        if shown
        else "",
        "more": max(len(lines) - SHOWN_ITEMS, 0),
        "findings": findings or [],
    }
    return render(request, "openapi/page.html", context, status=status)


def _lines(shown: Previewed) -> list[Line]:
    return [
        Line(
            whose(item.wanted or item.base or {})[1],
            item.sentence,
        )
        for item in shown.plan.items
    ]


@require_safe
@page
def openapi_document(request: PersonRequest, slug: str) -> HttpResponse:
    """Answer what the gateway serves, as a file; `host` and `service` choose."""
    gateway = visible_gateway(request, slug)
    document = export_document(
        gateway,
        actor=present_actor(request),
        host=request.GET.get("host", "")[:253],
        service=request.GET.get("service", "")[:64],
    )
    name = f"{gateway.slug}-openapi.yaml"
    return HttpResponse(
        written(document),
        content_type="application/yaml",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_POST
@page
def publish_openapi(request: PersonRequest, slug: str) -> HttpResponse:
    """File the change that has the gateway tell itself what it serves."""
    gateway = visible_gateway(request, slug)
    form = PublishForm(request.POST, prefix="publish")
    if not form.is_valid():
        return _show(request, gateway, DocumentForm(), publishing=form, status=400)
    asked = PublishAsked(gateway=gateway, **form.cleaned_data)
    try:
        proposed = publish(asked, actor=present_actor(request))
    except GatehouseError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _show(
            request, gateway, DocumentForm(), publishing=form, status=error.status
        )
    messages.success(request, gettext("Sent for review."))
    return redirect(proposed.change)
