"""A team's service accounts: made by administrators, their tokens by the team."""

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.models import Person
from portal.accounts.people import change_person
from portal.accounts.presence import present_actor
from portal.accounts.service_accounts import make_service_account
from portal.accounts.tokens import looks_after, require_looking_after
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, page
from portal.web.people.roles_forms import ServiceAccountForm
from portal.web.people.tokens import made_by_form


def service_account(pk: int) -> Person:
    """Return a service account with its team. Raises Http404."""
    accounts = Person.objects.exclude(team=None).select_related("team")
    return get_object_or_404(accounts, pk=pk)


@require_POST
@page
def make(request: PersonRequest, pk: int) -> HttpResponse:
    """Make a service account of a group, then show it."""
    team, actor = get_object_or_404(Group, pk=pk), present_actor(request)
    actor.require_administrator()
    form = ServiceAccountForm(request.POST)
    try:
        form.is_valid()
        name = form.cleaned_data.get("name", "")
        account = make_service_account(team, name, actor=actor)
    except GatehouseError as error:
        messages.error(
            request,
            gettext("No service account was made: %(error)s") % {"error": error},
        )
        return redirect("web:group", pk=pk)
    messages.success(
        request,
        gettext("%(account)s is there. Make a token for its program.")
        % {"account": account},
    )
    return redirect("web:service_account", pk=account.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page
@sensitive_variables("context")
def account_page(request: PersonRequest, pk: int) -> HttpResponse:
    """Show a service account and its tokens; a POST makes one and shows it, this once."""
    account = service_account(pk)
    if request.method == "POST":
        require_looking_after(request.user, account)
    context, status = made_by_form(request, account)
    context |= {
        "account": account,
        "tokens": account.api_tokens.select_related("made_by"),
        "looks_after": looks_after(request.user, account),
        "administers": present_actor(request).administers(None),
    }
    return render(request, "tokens/service.html", context, status=status)


@require_POST
@page
def switch(request: PersonRequest, pk: int) -> HttpResponse:
    """Switch a service account off, or on again."""
    account = service_account(pk)
    account.is_active = not account.is_active
    change_person(account, fields=["is_active"], actor=present_actor(request))
    what = (
        gettext("%(account)s acts again.")
        if account.is_active
        else gettext("%(account)s no longer opens anything.")
    )
    messages.success(request, what % {"account": account})
    return redirect("web:service_account", pk=pk)
