"""A kind of policy to try: what a gateway, or the desk, is called."""

from collections.abc import Sequence

import pytest

from gateway.models import Gateway
from portal.accounts.errors import Malformed
from portal.accounts.models import PolicyChange
from portal.accounts.policy import kinds
from portal.accounts.policy.kinds import Document, PolicyKind
from portal.audit.events import Event
from portal.audit.ledger import Entry, Recordable


class Motto(PolicyKind):
    """Titles of gateways; `grave` ones need two people, whatever happens."""

    name = "motto"
    title = "Motto"

    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        if not wanted.get("title"):
            raise Malformed("Give a title.", field="title")
        return wanted

    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        of = Gateway.objects.order_by("pk")
        gateway = of.get(pk=scope.pk) if scope else of.first()
        assert gateway
        return {"title": gateway.title}

    def sentences(self, base: Document, wanted: Document) -> list[str]:
        return [f"{base['title']} becomes {wanted['title']}"]

    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        rows = Gateway.objects.all()
        if change.gateway:
            rows = rows.filter(pk=change.gateway.pk)
        rows.update(title=change.wanted["title"])
        return [Entry(Event.GATEWAY_CHANGED, {"fields": ["title"]})]

    def needs_two(self, base: Document, wanted: Document) -> bool:
        return bool(wanted["title"] == "grave")


@pytest.fixture(autouse=True)
def motto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds._kinds, Motto.name, Motto())
