"""People signed in to the portal, and a gateway with changes."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.accounts.presence import SIGNED_IN_AT
from portal.changes.models import ChangeRequest
from tests.factories import Cast, make_cast, make_change, make_gateway


@pytest.fixture(autouse=True)
def _no_tries_counted() -> None:
    """Count sign-in failures anew for each test."""
    cache.clear()


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway()


@pytest.fixture
def change(people: Cast, gateway: Gateway) -> ChangeRequest:
    """Alice's change, in review."""
    return make_change(gateway=gateway, author=people.alice)


def sign_in(person: Person, **client: bool) -> Client:
    """Return a client with the session that the sign-in page makes."""
    made = Client(**client)
    made.force_login(person)
    session = made.session
    session[SIGNED_IN_AT] = timezone.now().isoformat()
    session.save()
    return made


@pytest.fixture
def as_(people: Cast) -> Callable[[str], Client]:
    """Sign somebody of the cast in: `as_("riley").get(…)`."""
    return lambda name: sign_in(getattr(people, name))
