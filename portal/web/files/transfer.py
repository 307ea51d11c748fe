"""A gateway as a file, and a file as a change of the gateway."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from gateway.models import Gateway
from gateway.visible import visible
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes.models import ImportFile, ImportState
from portal.changes.plan import Plan
from portal.changes.transfer.export import export
from portal.changes.transfer.formats import Format
from portal.changes.transfer.later import AT_ONCE, keep_for_later
from portal.changes.transfer.propose_file import (
    FileAsked,
    preview_file,
    propose_file,
)
from portal.errors import GatehouseError
from portal.web.changes.story import by_weight
from portal.web.files.transfer_forms import ExportForm, ImportForm
from portal.web.files.uploads import takes_file
from portal.web.gateways.listing import visible_gateway
from portal.web.pages import PersonRequest, page, wants_fragment

SHOWN_FILES = 5
SHOWN_ITEMS = 100


@takes_file
@require_http_methods(["GET", "HEAD", "POST"])
@page
def transfer_page(request: PersonRequest, slug: str) -> HttpResponse:
    """Offer files, and take one: `do=preview` shows what it would do, `do=send` files it."""
    gateway = visible_gateway(request, slug)
    if wants_fragment(request):
        return render(request, "transfer/_files.html", latest_files(request, gateway))
    if request.method != "POST":
        return _show(request, gateway, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    does_send = request.POST.get("do") == "send"
    if form.is_valid() and not does_send and len(form.cleaned_data["file"]) > AT_ONCE:
        form.add_error(
            "file",
            gettext(
                "A preview reads files of up to %(size)s bytes. Send it for review: "
                "nothing is written before somebody agrees."
            )
            % {"size": f"{AT_ONCE:,}"},
        )
    if not form.is_valid():
        return _show(request, gateway, form, status=400)
    asked = FileAsked(
        gateway=gateway,
        source=form.cleaned_data["file"],
        format=Format(form.cleaned_data["format"]),
        terms=form.terms(),
        **{
            name: form.cleaned_data[name]
            for name in ("reason", "title", "delete_missing")
        },
    )
    try:
        if does_send:
            return _send(request, asked)
        plan = preview_file(asked, actor=present_actor(request))
    except GatehouseError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        findings = error.extra.get("findings", [])
        return _show(
            request, gateway, form, status=error.status, findings=_placed(findings)
        )
    findings = [f.as_json() | {"field": plan.field_of(f)} for f in plan.findings]
    return _show(request, gateway, form, plan=plan, findings=_placed(findings))


def _send(request: PersonRequest, asked: FileAsked) -> HttpResponse:
    actor = present_actor(request)
    if len(asked.source) > AT_ONCE:
        keep_for_later(asked, actor=actor)
        messages.info(request, "The file is large: it is being read.")
        return redirect("web:transfer", slug=asked.gateway.slug)
    imported = propose_file(asked, actor=actor)
    if imported.proposed.is_replay:
        said = gettext("You asked for this a moment ago; here it is.")
    else:
        said = visible(" ".join([gettext("Sent for review."), *imported.passed_over]))
    messages.success(request, said)
    return redirect(imported.proposed.change)


def _placed(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say of each finding which resource of the file it is about, and its line."""
    return by_weight(
        [
            one
            | {
                "path": f"{one['field']}, line {one['line']}"
                if one.get("line")
                else one["field"]
            }
            for one in findings
        ]
    )


def _show(
    request: PersonRequest,
    gateway: Gateway,
    form: ImportForm,
    *,
    plan: Plan | None = None,
    findings: list[dict[str, Any]] | None = None,
    status: int = 200,
) -> HttpResponse:
    export_form = ExportForm(prefix="export")
    export_form.offer(request.user, gateway)
    context = latest_files(request, gateway) | {
        "form": form,
        "export": export_form,
        "may_ask": request.user.may(Verb.ASK, gateway),
        "plan": plan,
        "items": plan.items[:SHOWN_ITEMS] if plan else [],
        "more": max(len(plan.items) - SHOWN_ITEMS, 0) if plan else 0,
        "findings": findings or [],
    }
    return render(request, "transfer/page.html", context, status=status)


def latest_files(
    request: PersonRequest, gateway: Gateway, **only: str
) -> dict[str, Any]:
    """Return this person's latest large files, and whether one is being read."""
    files = list(
        ImportFile.objects.filter(gateway=gateway, author=request.user, **only)
        .select_related("change")
        .defer("sealed")[:SHOWN_FILES]
    )
    return {
        "gateway": gateway,
        "files": files,
        "is_reading": any(file.state == ImportState.WAITING for file in files),
    }


@require_POST
@page
def export_file(request: PersonRequest, slug: str) -> HttpResponse:
    """Answer the file. Posted: one that holds secrets is recorded."""
    gateway = visible_gateway(request, slug)
    form = ExportForm(request.POST, prefix="export")
    form.offer(request.user, gateway)
    if not form.is_valid():
        messages.error(request, gettext("Choose one of the files that are offered."))
        return redirect("web:transfer", slug=slug)
    format, secrets = form.wanted()
    exported = export(
        gateway, format=format, secrets=secrets, actor=present_actor(request)
    )
    return HttpResponse(
        exported.text,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{exported.name}"'},
    )
