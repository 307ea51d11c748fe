"""What another program keeps is told of, whatever is done to it."""

import pytest

from portal.changes.asked import ItemAsked
from tests.changes.checks.looking import codes, create, delete, route, the, update
from tests.changes.conftest import Desk

INGRESS = {
    "manager-by": "apisix-ingress-controller",
    "k8s/kind": "ApisixRoute",
    "k8s/namespace": "shop",
    "k8s/name": "web",
}


@pytest.mark.parametrize(
    "asked",
    [
        update("route", {"desc": "x"}),
        update("route", {"labels": None}),
        delete("route"),
    ],
    ids=["change", "take the mark away", "delete"],
)
def test_what_an_ingress_controller_keeps_is_told(desk: Desk, asked: ItemAsked) -> None:
    desk.sandbox.put("route", "old", route(labels=INGRESS))

    finding = the(desk, "kept_elsewhere", asked)

    assert "the APISIX ingress controller" in finding.words
    assert finding.path == "labels.manager-by"
    assert "ApisixRoute shop/web" in finding.mend


def test_putting_something_under_another_s_care_is_told(desk: Desk) -> None:
    marked = create("route", route(labels={"managed-by": "adc"}))

    assert "ADC" in the(desk, "kept_elsewhere", marked).words


def test_what_nobody_else_keeps_is_not_told(desk: Desk) -> None:
    labels = {"team": "shop", "managed-by": "gatehouse"}

    assert codes(desk, create("route", route(labels=labels))) == []
