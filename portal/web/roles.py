"""The table of roles, and who holds what; administrators give and take there."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.models import Group
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.memberships import grant, revoke
from portal.accounts.models import Membership, MembershipQuerySet, Person
from portal.accounts.presence import present_actor
from portal.accounts.roles import ALLOWED, Role, Verb
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, listed, page
from portal.web.roles_forms import GrantForm, GroupForm

GROUPS_SHOWN = 100


@dataclass(frozen=True)
class Row:
    """A role, and of each verb whether it has it, in the order of the verbs."""

    role: Role
    may: list[tuple[Verb, bool]]


TABLE = [Row(role, [(verb, verb in ALLOWED[role]) for verb in Verb]) for role in Role]


def visible_memberships(person: Person) -> MembershipQuerySet:
    """Keep roles on all gateways, and on those this person may see."""
    return Membership.objects.select_related("person", "group", "gateway").filter(
        Q(gateway=None) | Q(gateway__in=person.gateways())
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page
def roles_page(request: PersonRequest) -> HttpResponse:
    """Show what each role may do and who holds it; a POST gives one."""
    actor, status = present_actor(request), 200
    administers = actor.administers(None)
    form = GrantForm(request.POST or None)
    if request.method == "POST":
        actor.require_administrator()
        status = 400
        if form.is_valid():
            try:
                given = grant(form.made(), actor=actor)
            except GatehouseError as error:
                form.add_error(
                    error.field if error.field in form.fields else None, str(error)
                )
                status = error.status
            else:
                messages.success(request, f"Given: {given}.")
                return redirect("web:roles")
    context = {
        "verbs": list(Verb),
        "table": TABLE,
        "list": listed(
            visible_memberships(request.user), request, "id", ascending=True, size=50
        ),
        "superusers": Person.objects.filter(is_superuser=True, is_active=True).order_by(
            "username"
        ),
        "groups": Group.objects.annotate(people=Count("user")).order_by("name")[
            :GROUPS_SHOWN
        ],
        "administers": administers,
        "form": form if administers else None,
        "group_form": GroupForm() if administers else None,
    }
    return render(request, "roles/page.html", context, status=status)


@require_POST
@page
def take(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a role away from whoever holds it."""
    membership = get_object_or_404(visible_memberships(request.user), pk=pk)
    words = str(membership)
    revoke(membership, actor=present_actor(request))
    messages.success(request, f"Taken away: {words}.")
    return redirect("web:roles")
