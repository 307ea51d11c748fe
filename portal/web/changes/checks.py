"""What is looked for in every change, for whoever wonders about a finding."""

from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from portal.changes.checks import SUBJECTS
from portal.changes.checks.subject import Subject
from portal.web.pages import PersonRequest, page


@require_GET
@page
def checks_page(request: PersonRequest) -> HttpResponse:
    """List every code by subject; a finding's link leads to its code's line."""
    return render(
        request, "checks/list.html", {"subjects": [_told(one) for one in SUBJECTS]}
    )


def _told(subject: Subject) -> Subject:
    """Return it in the reader's language."""
    return replace(
        subject,
        title=gettext(subject.title),
        matters=gettext(subject.matters),
        codes=tuple(replace(one, words=gettext(one.words)) for one in subject.codes),
    )
