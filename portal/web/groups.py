"""A group: who is in it and what they hold together."""

from django.contrib import messages
from django.contrib.auth.models import Group
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.groups import join_group, leave_group, make_group
from portal.accounts.models import Ownership, Person
from portal.accounts.ownerships import give_part, take_part
from portal.accounts.presence import present_actor
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, listed, page
from portal.web.roles import visible_memberships
from portal.web.roles_forms import GroupForm, JoinForm, PartForm, ServiceAccountForm


@require_POST
@page
def make(request: PersonRequest) -> HttpResponse:
    """Make a group, then show it."""
    form = GroupForm(request.POST)
    actor = present_actor(request)
    actor.require_administrator()
    if not form.is_valid():
        messages.error(request, f"No group was made: {form.errors['name'][0]}")
        return redirect("web:roles")
    try:
        group = make_group(form.cleaned_data["name"], actor=actor)
    except GatehouseError as error:
        messages.error(request, f"No group was made: {error}")
        return redirect("web:roles")
    return redirect("web:group", pk=group.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def group_page(request: PersonRequest, pk: int) -> HttpResponse:
    """Show a group; a POST takes somebody into it."""
    group = get_object_or_404(Group, pk=pk)
    actor, status = present_actor(request), 200
    form = JoinForm(request.POST or None)
    if request.method == "POST":
        actor.require_administrator()
        status = 400
        if form.is_valid():
            person = form.cleaned_data["person"]
            join_group(group, person, actor=actor)
            messages.success(request, f"{person} is in {group.name}.")
            return redirect("web:group", pk=group.pk)
    return _show(request, group, form=form, status=status)


def _show(
    request: PersonRequest,
    group: Group,
    *,
    form: JoinForm | None = None,
    part_form: PartForm | None = None,
    status: int = 200,
) -> HttpResponse:
    administers = present_actor(request).administers(None)
    context = {
        "group": group,
        "list": listed(
            Person.objects.filter(groups=group, team=None),
            request,
            "username",
            ascending=True,
        ),
        "held": visible_memberships(request.user).filter(group=group),
        "administers": administers,
        "parts": Ownership.objects.filter(
            Q(gateway=None) | Q(gateway__in=request.user.gateways()), group=group
        ).select_related("gateway"),
        "form": (form or JoinForm()) if administers else None,
        "service_accounts": group.service_accounts.order_by("username"),
        "service_form": ServiceAccountForm(auto_id="service_%s"),
        "part_form": part_form or PartForm(),
    }
    return render(request, "roles/group.html", context, status=status)


@require_POST
@page
def leave(request: PersonRequest, pk: int, person_id: int) -> HttpResponse:
    """Take somebody out of a group."""
    group = get_object_or_404(Group, pk=pk)
    person = get_object_or_404(Person, pk=person_id)
    leave_group(group, person, actor=present_actor(request))
    messages.success(request, f"{person} is no longer in {group.name}.")
    return redirect("web:group", pk=group.pk)


@require_POST
@page
def give(request: PersonRequest, pk: int) -> HttpResponse:
    """Let a group own a part."""
    group = get_object_or_404(Group, pk=pk)
    actor, form, status = present_actor(request), PartForm(request.POST), 400
    actor.require_administrator()
    if form.is_valid():
        try:
            given = give_part(form.made(group), actor=actor)
        except GatehouseError as error:
            field = error.field if error.field in form.fields else None
            form.add_error(field, str(error))
            status = error.status
        else:
            messages.success(request, f"{group.name} owns {given.words}.")
            return redirect("web:group", pk=group.pk)
    return _show(request, group, part_form=form, status=status)


@require_POST
@page
def take(request: PersonRequest, pk: int, part_id: int) -> HttpResponse:
    """Take a part from a group."""
    part = get_object_or_404(
        Ownership.objects.select_related("group", "gateway"), pk=part_id, group=pk
    )
    words = part.words
    take_part(part, actor=present_actor(request))
    messages.success(request, f"{part.group.name} no longer owns {words}.")
    return redirect("web:group", pk=pk)
