"""Ask for what another gateway holds: pick it, see what it would do, send it for review."""

from typing import Any

from django.contrib import messages
from django.db.models import Case, When
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from gateway.models import Gateway, Resource
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes.models import ChangeRequest
from portal.changes.promote import PromotionAsked, preview_promotion, promote
from portal.errors import GatehouseError
from portal.web.asking.promote_form import Key, PromoteForm, read_keys
from portal.web.changes.change import visible_change
from portal.web.changes.story import by_weight
from portal.web.gateways.glance import Row, row_of
from portal.web.gateways.listing import visible_gateway
from portal.web.items import ShownPlan
from portal.web.pages import PersonRequest, page, words_in

OFFERED = 50


@require_http_methods(["GET", "HEAD", "POST"])
@page
def promote_page(request: PersonRequest, slug: str) -> HttpResponse:
    """Show what to pick from; `do=preview` what it would do, `do=send` files it.

    A link names `from` and either a `change` or what to `pick`, and shows at once.
    """
    target = visible_gateway(request, slug)
    given = request.POST if request.method == "POST" else request.GET
    sources = list(request.user.gateways(Verb.READ).exclude(pk=target.pk))
    change = _change(request, given)
    source = _source(request, sources, given.get("from"))
    if change is not None:
        source = visible_gateway(request, change.gateway.slug)
    picked = [] if change else read_keys(given.getlist("pick"))
    form = _form(request, sources, source)
    context: dict[str, Any] = {
        "gateway": target,
        "source": source,
        "change": change,
        "picked": picked,
        "form": form,
        "words": words_in(request, among=given),
        "may_ask": request.user.may(Verb.ASK, target),
    }
    do = given.get("do", "preview" if change or picked else "search")
    if source is None or not context["may_ask"]:
        return _show(request, context, status=403 if request.method == "POST" else 200)
    if do == "search":
        return _show(request, context)
    if form.is_bound and not form.is_valid():
        return _show(request, context, status=400)
    asked = PromotionAsked(
        source=source,
        target=target,
        picked=tuple(picked),
        change=change,
        with_references=not form.is_bound or form.cleaned_data["with_references"],
        reason=form.cleaned_data["reason"] if form.is_bound else "",
        title=form.cleaned_data["title"] if form.is_bound else "",
    )
    try:
        if do == "send" and request.method == "POST":
            return _send(request, asked)
        plan, brought = preview_promotion(asked, actor=present_actor(request))
    except GatehouseError as error:
        return _refuse(request, context, error)
    findings = [f.as_json() | {"path": plan.field_of(f)} for f in plan.findings]
    shown = {"plan": ShownPlan.of(plan), "brought": brought}
    return _show(request, context | shown | {"findings": by_weight(findings)})


def _source(
    request: PersonRequest, sources: list[Gateway], slug: str | None
) -> Gateway | None:
    """Return the gateway that is named, else the first; None where there is none.

    A link must not show another one; what a form names wrongly is told beside its field.
    """
    named = next((one for one in sources if one.slug == slug), None)
    if slug and named is None and request.method != "POST":
        return visible_gateway(request, slug)
    return named or next(iter(sources), None)


def _change(request: PersonRequest, given: QueryDict) -> ChangeRequest | None:
    number = given.get("change", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return visible_change(request, int(number))


def _form(
    request: PersonRequest, sources: list[Gateway], source: Gateway | None
) -> PromoteForm:
    if request.method == "POST":
        return PromoteForm(sources, request.POST)
    return PromoteForm(sources, initial={"from": source.slug if source else ""})


def _send(request: PersonRequest, asked: PromotionAsked) -> HttpResponse:
    proposed = promote(asked, actor=present_actor(request))
    if proposed.is_replay:
        messages.success(
            request, gettext("You asked for this a moment ago; here it is.")
        )
    else:
        messages.success(
            request,
            gettext("Sent for review: it brings this from %(source)s.")
            % {"source": asked.source.slug},
        )
    return redirect(proposed.change)


def _refuse(
    request: PersonRequest, context: dict[str, Any], error: GatehouseError
) -> HttpResponse:
    form = context["form"]
    findings = by_weight(
        [one | {"path": one["field"]} for one in error.extra.get("findings", [])]
    )
    if form.is_bound and error.field in form.fields:
        form.add_error(error.field, str(error))
    else:
        context["error"] = error
    return _show(request, context | {"findings": findings}, status=error.status)


def _show(
    request: PersonRequest, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    source, target = context["source"], context["gateway"]
    if source is not None:
        context["variables"] = [
            (name, value, target.variables.get(name))
            for name, value in source.variables.items()
        ]
    if source is not None and context["change"] is None:
        offered = _offered(source, context["words"], context["picked"])
        context |= {"rows": offered[:OFFERED], "more": len(offered) > OFFERED}
    return render(request, "gateways/promote.html", context, status=status)


def _offered(source: Gateway, words: str, picked: list[Key]) -> list[Row]:
    """Return what matches the words and is not picked yet, routes first. One query."""
    found = (
        Resource.objects.filter(gateway=source)
        .matching(words)
        .defer("sealed")
        .order_by(Case(When(kind="route", then=0), default=1), "kind", "resource_id")
    )
    beyond = found[: OFFERED + 1 + len(picked)]
    return [
        row_of(one) for one in beyond if (one.kind, one.resource_id) not in set(picked)
    ]
