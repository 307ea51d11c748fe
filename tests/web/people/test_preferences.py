"""Time zone, colours and contrast: each person's own."""

from collections.abc import Callable

import pytest
from django.test import Client

from portal.accounts.models import Person
from portal.changes.models import ChangeRequest
from tests.factories import Cast
from tests.web.conftest import sign_in

As = Callable[[str], Client]


def test_times_are_exact_in_the_readers_zone(
    as_: As, people: Cast, change: ChangeRequest
) -> None:
    alice = as_("alice")
    given = {"time_zone": "Asia/Tokyo", "colours": ""}

    alice.post("/accounts/preferences/", given)

    assert " JST" in alice.get("/changes/").content.decode()
    assert " UTC" in as_("riley").get("/changes/").content.decode()


def test_colours_and_contrast_are_a_persons_own(as_: As) -> None:
    alice = as_("alice")
    assert '<html lang="en">' in alice.get("/").content.decode()

    given = {"time_zone": "", "colours": "dark", "more_contrast": "on"}
    alice.post("/accounts/preferences/", given)

    page = alice.get("/").content.decode()
    assert '<html lang="en" class="look--dark contrast">' in page
    assert '<html lang="en">' in as_("riley").get("/").content.decode()


@pytest.mark.parametrize(
    "wrong", [{"time_zone": "Mars/Olympus"}, {"colours": 'mauve"><script>'}]
)
def test_what_does_not_exist_is_refused(
    as_: As, people: Cast, wrong: dict[str, str]
) -> None:
    response = as_("alice").post("/accounts/preferences/", wrong)

    assert response.status_code == 400
    people.alice.refresh_from_db()
    assert (people.alice.time_zone, people.alice.colours) == ("", "")


def test_a_zone_that_this_machine_does_not_know_is_utc(people: Cast) -> None:
    Person.objects.filter(pk=people.alice.pk).update(time_zone="Nowhere/Gone")
    people.alice.refresh_from_db()

    assert people.alice.zone.key == "UTC"
    assert sign_in(people.alice).get("/").status_code == 200
