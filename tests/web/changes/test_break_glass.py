"""Breaking the glass on the page of a change, and what waits to be looked at after."""

import re
from collections.abc import Callable

from django.test import Client

from portal.accounts.models import Membership
from portal.accounts.roles import Role
from portal.changes.models import AfterReview, ChangeRequest, Delivery
from portal.changes.states import State
from tests.factories import Cast

As = Callable[[str], Client]


def form(change: ChangeRequest, **fields: str) -> dict[str, str]:
    revision = change.latest_revision()
    seen = {"revision": str(revision.number), "digest": revision.digest}
    return seen | {"comment": "The shop is down."} | fields


def test_only_who_holds_the_role_is_offered_it(
    as_: As, people: Cast, change: ChangeRequest
) -> None:
    for name in ("alice", "riley", "admin"):
        assert "break-glass" not in as_(name).get(f"/changes/{change.pk}/").text
    Membership.objects.create(person=people.alice, role=Role.EMERGENCY)

    page = as_("alice").get(f"/changes/{change.pk}/").text

    [own] = re.findall(r"<details class=\"card danger\">.*?</details>", page, re.S)
    assert "Break glass and deliver now" in own
    assert "approve" not in re.sub(r"<p>.*?</p>", "", own, flags=re.S).lower()


def test_it_is_broken_and_looked_at_on_the_page(
    as_: As, people: Cast, change: ChangeRequest
) -> None:
    Membership.objects.create(person=people.omar, role=Role.EMERGENCY)
    address = f"/changes/{change.pk}/"

    refused = as_("omar").post(f"{address}break-glass/", form(change, comment=" "))
    assert refused.status_code == 400
    assert not Delivery.objects.exists()
    stale = as_("omar").post(f"{address}break-glass/", form(change, digest="0"))
    assert stale.status_code == 409
    assert as_("omar").post(f"{address}break-glass/", form(change)).status_code == 302

    change.refresh_from_db()
    assert change.state == State.APPROVED
    for name in ("riley", "audrey"):
        assert "to be reviewed afterwards" in as_(name).get("/").text
        listed = as_(name).get("/changes/?state=alone").text
        assert f'href="{address}"' in listed
    page = as_("riley").get(address).text
    assert "broke the glass" in page
    assert "The shop is down." in page
    assert "review-after" not in as_("omar").get(address).text
    as_("riley").post(f"{address}review-after/", {"comment": "It was right."})

    assert AfterReview.objects.get().closed_by == people.riley
    assert "It was right." in as_("audrey").get(address).text
    assert "to be reviewed afterwards" not in as_("audrey").get("/").text
