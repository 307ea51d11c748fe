"""How the delivery of a change is told: item by item, while it goes on and afterwards."""

import gzip
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from portal.changes.models import ChangeRequest, Delivery, Step, StepKind
from portal.changes.states import State
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import approved, creates, route, upstream
from tests.factories import Cast, item, make_change, make_delivery
from tests.web.conftest import sign_in

pytestmark = pytest.mark.django_db

__all__ = ["desk"]

COUNT = 1_000
WRITTEN = 412
# What one look at a delivery may cost: a browser asks for it each second.
QUERIES_AT_MOST, BYTES_AT_MOST = 12, 8_000
# How the item of a row fares, its id, what the gateway said of it.
ROW = r'<span class="fate fate--(\w+)">.*?<code>([^<]+)</code></a>(?:<p[^>]*>([^<]+)<)?'


@pytest.fixture
def under_way(gateway: Gateway, people: Cast) -> ChangeRequest:
    """Most of many items wait, one was refused and eight are being written."""
    change = make_change(
        gateway=gateway,
        author=people.alice,
        state=State.DELIVERING,
        items=[item(resource_id=f"r{n:03}") for n in range(COUNT)],
    )
    delivery = make_delivery(change, state="sending")
    steps = Step.objects.filter(attempt__delivery=delivery)
    steps.filter(item__position__gt=WRITTEN).exclude(kind=StepKind.READ).delete()
    refused = steps.filter(item__position=WRITTEN)
    refused.filter(kind=StepKind.VERIFY).delete()
    refused.filter(kind=StepKind.WRITE).update(
        outcome="invalid", status=400, words="unknown plugin [no-such]"
    )
    return change


@pytest.fixture
def riley(people: Cast) -> Client:
    return sign_in(people.riley)


def rows(page: str) -> list[tuple[str, ...]]:
    return re.findall(ROW, page, re.DOTALL)


def asks(page: str) -> str:
    """What an open page asks for again and again, of its delivery."""
    found = re.search(r'id="delivery"[^>]* hx-get="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def polled(client: Client, address: str) -> tuple[int, str]:
    response = client.get(address, headers={"HX-Request": "true"})
    return response.status_code, response.content.decode()


def test_what_failed_comes_first_with_the_gateways_words(
    riley: Client, under_way: ChangeRequest
) -> None:
    page = riley.get(under_way.get_absolute_url()).content.decode()

    assert "412 of 1,000 written · 1 failed" in page
    assert len(rows(page)) == 100
    assert rows(page)[0] == ("failed", f"r{WRITTEN}", "unknown plugin [no-such]")
    assert rows(page)[1] == ("waiting", f"r{WRITTEN + 1}", "")
    live = riley.get(f"{under_way.get_absolute_url()}?fate=live&fates=5")
    assert [row[1] for row in rows(live.content.decode())] == [
        f"r{n}" for n in range(400, WRITTEN)
    ]


def test_an_open_page_is_told_of_its_delivery_cheaply(
    riley: Client, under_way: ChangeRequest
) -> None:
    address = asks(riley.get(under_way.get_absolute_url()).content.decode())
    assert polled(riley, address) == (204, "")
    Step.objects.create(
        item=under_way.latest_revision().items.get(position=WRITTEN + 1),
        attempt=Delivery.objects.get().attempts.get(),
        kind=StepKind.WRITE,
        method="PUT",
        path="/routes/r",
    )

    with CaptureQueriesContext(connection) as queries:
        status, news = polled(riley, address)

    assert status == 200
    assert rows(news)[1] == ("writing", f"r{WRITTEN + 1}", "")
    assert len(queries) <= QUERIES_AT_MOST
    assert len(gzip.compress(news.encode())) < BYTES_AT_MOST
    assert len(rows(news)) == 100
    # It was heard already, and is said no second time.
    assert "status-words" not in news
    assert asks(news) != address


def test_its_filter_and_part_outlast_the_news(
    riley: Client, under_way: ChangeRequest
) -> None:
    address = f"{under_way.get_absolute_url()}?fate=waiting&fates=2"
    asked = asks(riley.get(address).content.decode())

    _, news = polled(riley, re.sub("seen=[^&]+", "seen=x.y", asked))

    assert asked.endswith("&fate=waiting&fates=2")
    assert rows(news)[0][1] == f"r{WRITTEN + 101}"
    assert 'status-words" hx-swap-oob="innerHTML">Delivering: a quarter' in news


def test_the_whole_page_is_told_when_it_ends(
    riley: Client, under_way: ChangeRequest
) -> None:
    address = asks(riley.get(under_way.get_absolute_url()).content.decode())
    Delivery.objects.update(state="verified")

    response = riley.get(address, headers={"HX-Request": "true"})

    assert response.status_code == 204
    assert "delivery-ended" in response["HX-Trigger"]
    assert riley.get(address).headers["Location"] == under_way.get_absolute_url()


def test_a_failed_one_says_what_stands_and_what_to_do(desk: Desk) -> None:
    desk.sandbox.put("upstream", "gone", upstream())
    change = approved(
        desk,
        *(route(f"a{n}") for n in range(7)),
        creates("route", "z", uri="/z", upstream_id="gone"),
    )
    desk.sandbox.delete("upstream", "gone")
    desk.deliver(change)

    def page(name: str, query: str = "") -> str:
        client = sign_in(getattr(desk.people, name))
        return client.get(f"{change.get_absolute_url()}{query}").content.decode()

    told = page("omar")
    assert "The gateway refused route z: " in told
    assert "7 of 7 written resources are as they were before." in told
    assert "Nothing of this change. 7 items that were written are as they were" in told
    assert "If the cause is gone, retry the delivery" in told
    assert "an operator of default retries it" in page("alice")
    assert [row[:2] for row in rows(told)] == [
        ("failed", "z"),
        *(("undone", f"a{n}") for n in range(7)),
    ]
    assert "failed to fetch upstream info" in rows(told)[0][2]


def test_what_could_not_be_undone_is_named(desk: Desk) -> None:
    desk.sandbox.put("upstream", "gone", upstream())
    change = approved(
        desk, route("a"), creates("route", "z", uri="/z", upstream_id="gone")
    )
    desk.sandbox.delete("upstream", "gone")
    desk.sandbox.misbehave(
        {"do": "status", "status": 400, "method": "DELETE", "path": "/a$"}
    )
    desk.deliver(change)

    page = sign_in(desk.people.omar).get(change.get_absolute_url()).content.decode()

    assert "1 of 2 items was written and not undone" in page
    assert f'href="/gateways/{desk.gateway.slug}/drift/"' in page
    assert [row[:2] for row in rows(page)] == [("failed", "z"), ("left", "a")]
    assert "Nothing of this change" not in page
