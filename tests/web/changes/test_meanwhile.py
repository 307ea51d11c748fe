"""The page of a change names others that are on their way to the same resource."""

import re
from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from tests.factories import Cast, item, make_change

As = Callable[[str], Client]


def news(client: Client, change: ChangeRequest, page: str) -> tuple[int, str]:
    """What an open page gets when it asks for what is new."""
    found = re.search(r"seen=([0-9a-f.]+)", page)
    assert found
    response = client.get(
        f"{change.get_absolute_url()}?seen={found[1]}", headers={"HX-Request": "true"}
    )
    return response.status_code, response.content.decode()


def test_an_open_page_learns_of_others_and_of_their_end(
    as_: As, change: ChangeRequest, gateway: Gateway, people: Cast
) -> None:
    client = as_("riley")
    page = client.get(change.get_absolute_url()).content.decode()
    assert "touches the same" not in page
    assert news(client, change, page)[0] == 204

    other = make_change(gateway=gateway, author=people.omar)
    status, told = news(client, change, page)

    assert status == 200
    assert (
        f'<a href="{other.get_absolute_url()}">#{other.number}</a> is on its way'
        in told
    )
    theirs = client.get(other.get_absolute_url()).content.decode()
    assert (
        f'<a href="{change.get_absolute_url()}">#{change.number}</a> is on its'
        in theirs
    )

    ChangeRequest.objects.filter(pk=other.pk).update(state=State.REJECTED)
    status, told = news(client, change, told)
    assert status == 200
    assert "touches the same" not in told


def test_others_cost_one_query_however_many_resources_they_share(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    def cost(count: int) -> int:
        items = [item(resource_id=f"r{count}-{index}") for index in range(count)]
        change = make_change(gateway=gateway, author=people.alice, items=items)
        for _ in range(3):
            make_change(gateway=gateway, author=people.omar, items=items)
        client = as_("riley")
        with CaptureQueriesContext(connection) as captured:
            page = client.get(change.get_absolute_url()).content.decode()
        assert page.count("is on its way and touches the same") == 3
        return len(captured)

    assert cost(20) == cost(1)
