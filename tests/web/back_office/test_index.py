"""The back office's index is sorted by what people look for."""

import re

from django.contrib import admin
from django.test import RequestFactory
from django.utils.text import capfirst

from portal.web.back_office.index import SECTIONS, THE_REST
from tests.factories import Cast


def test_every_model_stands_in_one_section(people: Cast) -> None:
    request = RequestFactory().get("/admin/")
    request.user = people.admin

    shown = admin.site.get_app_list(request)

    *named, rest = shown
    assert [section["name"] for section in named] == list(SECTIONS)
    assert rest["name"] == THE_REST
    labels = [
        one["model"]._meta.label for section in shown for one in section["models"]
    ]
    everything = {model._meta.label for model in admin.site._registry}
    assert len(labels) == len(everything)
    assert set(labels) == everything
    # Each that is named exists.
    in_order = [label for section in SECTIONS.values() for label in section]
    assert labels[: len(in_order)] == in_order


def test_each_list_has_a_name_of_its_own_that_reads_well() -> None:
    names = [
        capfirst(str(model._meta.verbose_name_plural)) for model in admin.site._registry
    ]

    assert len(names) == len(set(names))
    # Django makes names of classes, and knows no abbreviation.
    assert [one for one in names if re.search(r"(?i)api", one)] == ["API tokens"]
    assert [one for one in names if not one.endswith("s") and one != "People"] == []


def test_an_apps_own_page_still_lists_it_alone(people: Cast) -> None:
    request = RequestFactory().get("/admin/audit/")
    request.user = people.admin
    (app,) = admin.site.get_app_list(request, "audit")
    assert app["app_label"] == "audit"
