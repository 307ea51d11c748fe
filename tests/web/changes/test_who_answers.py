"""Who else answers what a change touches: told on its page, and tried from there."""

import re
from html import unescape

import pytest
from django.test import Client

from gateway.mirror import refresh
from gateway.models import Gateway
from portal.changes.models import ChangeRequest
from tests.changes.checks.looking import create, route
from tests.changes.conftest import Desk, desk
from tests.web.conftest import sign_in

pytestmark = pytest.mark.django_db

__all__ = ["desk"]

TRIED = re.compile(r'href="(/gateways/default/simulator/\?change=\d+&[^"]*)"')


@pytest.fixture
def riley(desk: Desk) -> Client:
    return sign_in(desk.people.riley)


def page_of(client: Client, change: ChangeRequest) -> str:
    return client.get(change.get_absolute_url()).content.decode()


def test_another_route_is_named_and_the_request_is_tried(
    desk: Desk, riley: Client
) -> None:
    desk.sandbox.put("route", "old", route(vars=[["http_x_age", "==", "7"]]))
    refresh(desk.gateway)
    change = desk.ask(create("route", route(priority=9)))

    page = page_of(riley, change)

    part = page.partition('id="answers"')[2].partition("</section>")[0]
    assert "route old" in part
    # It is told there alone.
    assert page.count("leaving none") == part.count("leaving none") == 1
    assert "Nobody else answers" not in page
    (link,) = TRIED.findall(part)
    tried = riley.get(unescape(link)).content.decode()
    assert "http://api.example.com/speaker/any" in tried
    assert "X-Age: 7" in tried
    for route_id in ("old", "new"):
        assert f"/gateways/default/routes/{route_id}/" in tried


def test_nobody_else_is_said_where_it_was_looked_for(desk: Desk, riley: Client) -> None:
    change = desk.ask(create("route", route()))

    assert "Nobody else answers" in page_of(riley, change)

    Gateway.objects.update(mirrored_at=None)

    assert "Not compared" in page_of(riley, change)


def test_a_change_without_routes_has_no_such_part(desk: Desk, riley: Client) -> None:
    change = desk.ask(create("consumer", {"username": "jack"}, "jack"))

    assert "Who else answers" not in page_of(riley, change)
