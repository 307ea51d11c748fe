"""What is looked for in every change, for whoever wonders about a finding."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.changes.checks import SUBJECTS
from portal.web.pages import PersonRequest, page


@require_GET
@page
def checks_page(request: PersonRequest) -> HttpResponse:
    """List every code by subject; a finding's link leads to its code's line."""
    return render(request, "checks/list.html", {"subjects": SUBJECTS})
