"""Which entries of the ledger somebody reads."""

import pytest
from django.db import transaction

from portal.accounts.visible_events import UNSENT, events_visible_to
from portal.audit.events import Event
from portal.audit.ledger import record
from tests.actors import present
from tests.factories import Cast, make_cast, make_change, make_gateway


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.mark.parametrize("event", UNSENT)
def test_what_becomes_of_a_draft_is_its_author_s_alone(
    people: Cast, event: Event
) -> None:
    change = make_change(gateway=make_gateway(), author=people.alice)
    with transaction.atomic():
        record(event, actor=present(people.alice), subject=change)

    assert events_visible_to(people.alice).count() == 1
    for other in (people.riley, people.omar):
        assert not events_visible_to(other).exists()
    # Who exports the whole ledger reads the whole ledger.
    assert events_visible_to(people.audrey).count() == 1
