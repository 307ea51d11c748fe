"""What the editor is told of a gateway's schemas."""

from collections.abc import Callable

import pytest
from django.test import Client

from gateway.models import Gateway
from tests.factories import make_live_gateway, make_person
from tests.sandbox import SandboxGateway
from tests.web.conftest import sign_in

As = Callable[[str], Client]
AT = "/gateways/default/completions"


@pytest.fixture
def gateway(db: None, sandbox: SandboxGateway) -> Gateway:
    return make_live_gateway(sandbox)


def test_a_kind_tells_its_fields_and_the_plugins(as_: As, gateway: Gateway) -> None:
    told = as_("alice").get(f"{AT}/route/").json()

    assert told["fields"]["status"]["values"] == [1, 0]
    assert told["fields"]["upstream"]["fields"]["nodes"]
    assert "limit-count" in told["plugins"]


def test_a_plugin_tells_what_it_takes(as_: As, gateway: Gateway) -> None:
    told = as_("alice").get(f"{AT}/route/", {"plugin": "limit-count"}).json()

    assert told["fields"]["policy"]["default"] == "local"
    assert "redis" in told["fields"]["policy"]["values"]
    assert told["fields"]["rules"]["items"]["fields"]["key"]["needed"]


@pytest.mark.parametrize("path", ["nope/", "route/?plugin=nope", "route/?plugin=%00"])
def test_of_what_is_not_known_nothing_is_told(
    as_: As, gateway: Gateway, path: str
) -> None:
    assert as_("alice").get(f"{AT}/{path}").json() == {}


def test_it_is_for_who_may_see_the_gateway(gateway: Gateway) -> None:
    assert sign_in(make_person()).get(f"{AT}/route/").status_code == 404
