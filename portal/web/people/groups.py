"""A group: who is in it and what they hold together."""

from django.contrib import messages
from django.contrib.auth.models import Group
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.group_members import (
    GroupMembers,
    join_group,
    leave_group,
    member_wanted,
)
from portal.accounts.groups import make_group
from portal.accounts.memberships import Roles
from portal.accounts.models import Ownership, Person
from portal.accounts.ownerships import Parts, give_part, part_wanted, take_part
from portal.accounts.presence import present_actor
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, listed, page
from portal.web.people.roles import visible_memberships
from portal.web.people.roles_forms import (
    GroupForm,
    JoinForm,
    PartForm,
    ServiceAccountForm,
)
from portal.web.policy.asking import Reach, answer, confirmed, waiting


@require_POST
@page
def make(request: PersonRequest) -> HttpResponse:
    """Make a group, then show it."""
    form = GroupForm(request.POST)
    actor = present_actor(request)
    actor.require_administrator()
    if not form.is_valid():
        messages.error(
            request,
            gettext("No group was made: %(error)s") % {"error": form.errors["name"][0]},
        )
        return redirect("web:roles")
    try:
        group = make_group(form.cleaned_data["name"], actor=actor)
    except GatehouseError as error:
        messages.error(
            request, gettext("No group was made: %(error)s") % {"error": error}
        )
        return redirect("web:roles")
    return redirect("web:group", pk=group.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def group_page(request: PersonRequest, pk: int) -> HttpResponse:
    """Show a group; a POST asks that somebody is taken into it."""
    group = get_object_or_404(Group, pk=pk)
    actor, status = present_actor(request), 200
    form = JoinForm(request.POST or None, auto_id="join_%s")
    if request.method == "POST":
        actor.require_administrator()
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            try:
                change = join_group(
                    group, given["person"], reason=given["reason"], actor=actor
                )
            except GatehouseError as error:
                form.add_error("person", str(error))
                status = error.status
            else:
                return answer(request, change, _address(group))
    return _show(request, group, form=form, status=status)


def _show(
    request: PersonRequest,
    group: Group,
    *,
    form: JoinForm | None = None,
    part_form: PartForm | None = None,
    status: int = 200,
) -> HttpResponse:
    reach = Reach.of(present_actor(request))
    kinds = (Roles.name, GroupMembers.name, Parts.name)
    context = {
        "group": group,
        "list": listed(
            Person.objects.filter(groups=group, team=None),
            request,
            "username",
            ascending=True,
        ),
        "held": visible_memberships(request.user).filter(group=group),
        "reach": reach,
        "parts": Ownership.objects.filter(
            Q(gateway=None) | Q(gateway__in=request.user.gateways()), group=group
        ).select_related("gateway"),
        "wanted": waiting(request, *kinds, wanted__group=group.pk),
        "form": (form or JoinForm(auto_id="join_%s")) if reach.everywhere else None,
        "service_accounts": group.service_accounts.order_by("username"),
        "service_form": ServiceAccountForm(auto_id="service_%s"),
        "part_form": (part_form or PartForm(reach, auto_id="part_%s"))
        if reach
        else None,
    }
    return render(request, "roles/group.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def leave(request: PersonRequest, pk: int, person_id: int) -> HttpResponse:
    """Ask that somebody is taken out of a group."""
    group = get_object_or_404(Group, pk=pk)
    person, actor = get_object_or_404(Person, pk=person_id), present_actor(request)
    return confirmed(
        request,
        member_wanted(group, person, is_in=False),
        lambda reason: leave_group(group, person, reason=reason, actor=actor),
        actor=actor,
        title=gettext("Take somebody out"),
        back=_address(group),
    )


@require_POST
@page
def give(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask that a group owns a part."""
    group = get_object_or_404(Group, pk=pk)
    actor, status = present_actor(request), 400
    reach = Reach.of(actor)
    if not reach:
        actor.require_administrator()
    form = PartForm(reach, request.POST, auto_id="part_%s")
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            change = give_part(form.made(group), reason=reason, actor=actor)
        except GatehouseError as error:
            field = error.field if error.field in form.fields else None
            form.add_error(field, str(error))
            status = error.status
        else:
            return answer(request, change, _address(group))
    return _show(request, group, part_form=form, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def take(request: PersonRequest, pk: int, part_id: int) -> HttpResponse:
    """Ask that a part is taken from a group."""
    part = get_object_or_404(
        Ownership.objects.select_related("group", "gateway"), pk=part_id, group=pk
    )
    actor = present_actor(request)
    return confirmed(
        request,
        part_wanted(part, owned=False),
        lambda reason: take_part(part, reason=reason, actor=actor),
        actor=actor,
        title=gettext("Take a part from a group"),
        back=_address(part.group),
    )


def _address(group: Group) -> str:
    return reverse("web:group", args=[group.pk])
