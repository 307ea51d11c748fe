"""Lists of changes that people narrow, and keep under a name."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from gateway.models import Gateway
from portal.changes.models import SavedFilter
from portal.changes.states import State
from portal.web.changes.listing import KEPT_AT_MOST
from tests.factories import Cast, item, make_change, make_review, make_token
from tests.web.conftest import sign_in
from tests.web.test_lists import numbers

As = Callable[[str], Client]


def test_filters_narrow_the_list(as_: As, people: Cast, gateway: Gateway) -> None:
    token, _ = make_token(people.alice)
    old = make_change(
        gateway=gateway,
        author=people.alice,
        token=token,
        created_at=timezone.now() - timedelta(days=40),
    )
    applied = make_change(
        gateway=gateway,
        author=people.omar,
        state=State.APPLIED,
        items=[item(kind="service", wanted={"hosts": ["a.example.com"]})],
    )
    make_review(applied.latest_revision(), people.riley)
    client = as_("riley")
    month_ago = (timezone.now() - timedelta(days=30)).date().isoformat()

    def found(**query: str) -> list[int]:
        page = client.get("/changes/", {"state": "all"} | query)
        return numbers(page.content.decode())

    assert found(person="alice") == [old.number]
    assert found(person="riley") == [applied.number]
    assert found(person="nobody") == []
    assert found(kind="service") == [applied.number]
    assert found(channel="api") == [old.number]
    assert found(**{"in": "applied"}) == [applied.number]
    assert found(since=month_ago) == [applied.number]
    assert found(until=month_ago) == [old.number]
    assert found(q="a.example.com", kind="service") == [applied.number]
    assert found(since="nonsense", kind="nonsense") == [applied.number, old.number]


def test_a_list_is_kept_under_a_name_and_forgotten(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    client = as_("riley")
    page = client.get("/changes/?state=all&kind=route").content.decode()
    query = re.findall(r'name="query" value="([^"]+)"', page)[0].replace("&amp;", "&")

    for name in ("Routes", "Routes", "<b>"):
        page = client.post(
            "/changes/filters/", {"name": name, "query": query}, follow=True
        ).content.decode()

    assert f'href="?{query.replace("&", "&amp;")}" aria-current="page">Routes' in page
    assert "&lt;b&gt;" in page
    kept = SavedFilter.objects.get(person=people.riley, name="Routes")
    # Nobody else sees it, or can forget it.
    assert "Routes</a>" not in as_("alice").get("/changes/").content.decode()
    as_("alice").post(f"/changes/filters/{kept.pk}/")
    assert SavedFilter.objects.filter(pk=kept.pk).exists()
    client.post(f"/changes/filters/{kept.pk}/")
    assert not SavedFilter.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize("query", ["\x00", "x" * 5_000, "https://evil.example/?a=b"])
def test_what_is_kept_leads_to_this_list_alone(
    people: Cast, gateway: Gateway, query: str
) -> None:
    client = sign_in(people.riley)

    answer = client.post("/changes/filters/", {"name": "n", "query": query})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/changes/?")
    assert client.get("/changes/").status_code == 200


def test_not_more_lists_than_fit_are_kept(people: Cast, gateway: Gateway) -> None:
    for n in range(KEPT_AT_MOST):
        SavedFilter.objects.create(person=people.riley, name=str(n), query="state=all")

    page = sign_in(people.riley).post(
        "/changes/filters/", {"name": "new", "query": "q=x"}, follow=True
    )

    assert "Forget one of them first" in page.content.decode()
    assert SavedFilter.objects.count() == KEPT_AT_MOST
