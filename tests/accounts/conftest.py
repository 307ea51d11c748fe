"""The cast, and a gateway that is only known, with its admin key."""

import pytest

from gateway.models import Gateway
from tests.factories import Cast, make_cast, make_gateway

KEY = "edd1c9f034335f136f87ad84b625c8f1"


@pytest.fixture
def people(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway(admin_key=KEY)
