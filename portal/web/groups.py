"""A group: who is in it and what they hold together."""

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.groups import join_group, leave_group, make_group
from portal.accounts.models import Person
from portal.accounts.presence import present_actor
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, listed, page
from portal.web.roles import visible_memberships
from portal.web.roles_forms import GroupForm, JoinForm


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
    administers = actor.administers(None)
    form = JoinForm(request.POST or None)
    if request.method == "POST":
        actor.require_administrator()
        status = 400
        if form.is_valid():
            person = form.cleaned_data["person"]
            join_group(group, person, actor=actor)
            messages.success(request, f"{person} is in {group.name}.")
            return redirect("web:group", pk=group.pk)
    context = {
        "group": group,
        "list": listed(
            Person.objects.filter(groups=group), request, "username", ascending=True
        ),
        "held": visible_memberships(request.user).filter(group=group),
        "administers": administers,
        "form": form if administers else None,
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
