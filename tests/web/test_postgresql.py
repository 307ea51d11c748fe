"""The pages on PostgreSQL, whose queries are pickier than SQLite's."""

import pytest
from django.db import transaction

from portal.audit.events import Event
from portal.audit.ledger import record
from portal.changes.states import State
from tests.actors import present
from tests.factories import (
    make_cast,
    make_change,
    make_delivery,
    make_gateway,
    make_resource,
    make_review,
)
from tests.web.conftest import sign_in


@pytest.mark.postgresql
@pytest.mark.usefixtures("on_postgresql", "transactional_db")
def test_every_page_opens_on_postgresql() -> None:
    people, gateway = make_cast(), make_gateway()
    change = make_change(gateway=gateway, author=people.alice)
    applied = make_change(gateway=gateway, author=people.alice, state=State.APPLIED)
    make_review(applied.latest_revision(), people.riley)
    make_delivery(applied)
    make_resource(gateway, "route", "conference-x1y2z3")
    with transaction.atomic():
        record(Event.CHANGE_SUBMITTED, actor=present(people.alice), subject=change)

    for person in (people.riley, people.alice, people.audrey, people.admin):
        client = sign_in(person)
        for address in (
            "/",
            "/changes/?state=waiting&q=conference&gateway=default&kind=route&person=riley",
            "/changes/?q=%23" + str(change.number) + "&after=999",
            change.get_absolute_url(),
            applied.get_absolute_url(),
            "/gateways/",
            "/gateways/default/",
            "/gateways/default/certificates/",
            "/gateways/default/routes/?q=speaker&after=a",
            "/gateways/default/routes/?host=a&label=b&status=on&sort=name&before=x",
            "/gateways/default/routes/conference-x1y2z3/",
            f"/gateways/default/simulator/?change={change.number}",
            "/audit/?person=alice&event=change&gateway=default&change=1",
            "/audit/1/",
            "/tokens/",
        ):
            assert client.get(address).status_code == 200, (person, address)
    admin = sign_in(people.admin)
    for address in (
        "/admin/changes/changerequest/?q=conference&state__exact=in_review",
        "/admin/audit/auditevent/?q=alice&channel=portal&gateway=default",
        "/admin/gateway/resource/?q=conference",
        "/admin/changes/step/?q=routes",
    ):
        assert admin.get(address).status_code == 200, address
