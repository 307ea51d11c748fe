"""The table of roles, and who holds what; administrators ask for others there."""

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from portal.accounts.group_members import GroupMembers
from portal.accounts.memberships import Roles, grant, revoke, role_wanted
from portal.accounts.models import Membership, MembershipQuerySet, Person
from portal.accounts.presence import present_actor
from portal.accounts.roles import ALLOWED, SERVICE, Role, Verb
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, listed, page
from portal.web.people.roles_forms import GrantForm, GroupForm
from portal.web.policy.asking import Reach, answer, confirmed, waiting

GROUPS_SHOWN = 100


@dataclass(frozen=True)
class Row:
    """Who may what: of each verb whether they may, in the order of the verbs."""

    verbs: frozenset[Verb]
    role: Role | None = None

    @property
    def may(self) -> list[tuple[Verb, bool]]:
        return [(verb, verb in self.verbs) for verb in Verb]


# Below the roles what service accounts may at most, whatever they hold.
TABLE = [*(Row(ALLOWED[role], role) for role in Role), Row(SERVICE)]


def visible_memberships(person: Person) -> MembershipQuerySet:
    """Keep roles on all gateways, and on those this person may see."""
    return Membership.objects.select_related("person", "group", "gateway").filter(
        Q(gateway=None) | Q(gateway__in=person.gateways())
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page
def roles_page(request: PersonRequest) -> HttpResponse:
    """Show what each role may do and who holds it; a POST asks that one is given."""
    actor, status = present_actor(request), 200
    reach = Reach.of(actor)
    form = GrantForm(reach, request.POST or None)
    if request.method == "POST":
        if not reach:
            actor.require_administrator()
        status = 400
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                change = grant(form.made(), reason=reason, actor=actor)
            except GatehouseError as error:
                form.add_error(
                    error.field if error.field in form.fields else None, str(error)
                )
                status = error.status
            else:
                return answer(request, change, reverse("web:roles"))
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
        "wanted": waiting(request, Roles.name, GroupMembers.name),
        "reach": reach,
        "form": form if reach else None,
        "group_form": GroupForm() if reach.everywhere else None,
    }
    return render(request, "roles/page.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def take(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask that a role is taken from whoever holds it."""
    membership = get_object_or_404(visible_memberships(request.user), pk=pk)
    actor = present_actor(request)
    return confirmed(
        request,
        role_wanted(membership, held=False),
        lambda reason: revoke(membership, reason=reason, actor=actor),
        actor=actor,
        title=gettext("Take a role away"),
        back=reverse("web:roles"),
    )
