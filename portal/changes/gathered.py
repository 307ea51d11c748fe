"""A program's own draft as it stands: what its writes would make of the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.live import Live
from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.changes.models import ChangeRequest, Gathering, Item
from portal.changes.plan import PlannedItem
from portal.changes.propose import key_space
from portal.changes.states import State

Document = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True)
class Draft:
    """The open draft of one program on one gateway; without `gathering` there is none.

    Its documents are whole.
    """

    gathering: Gathering | None = None
    items: Mapping[Key, Item] = field(default_factory=dict)

    def touches(self, kind: str) -> bool:
        """Say whether it holds anything of a kind."""
        return any(of == kind for of, _ in self.items)

    @property
    def begun(self) -> int:
        """When its first write came, as a second of Unix time; 0 for no draft."""
        return (
            int(self.gathering.change.created_at.timestamp()) if self.gathering else 0
        )

    def documents(self, kind: str) -> dict[str, Document | None]:
        """Return {id: document} of a kind, None for what it deletes."""
        return {
            resource_id: item.whole_wanted()
            for (of, resource_id), item in self.items.items()
            if of == kind
        }


NOTHING = Draft()


def open_draft(actor: Actor, gateway: Gateway) -> Draft:
    """Return the draft that this program's next write comes to. Two queries at most."""
    gathering = (
        Gathering.objects.open()
        .filter(person=actor.person, program=key_space(actor), gateway=gateway)
        .select_related("change")
        .first()
    )
    return NOTHING if gathering is None else draft_of(gathering)


def draft_of(gathering: Gathering) -> Draft:
    """Return what a gathering holds. One query."""
    # What is shown of them is not needed, and a draft may hold thousands.
    items = Item.objects.filter(revision__change=gathering.change_id).only(
        "kind", "resource_id", "position", "revision_id", "wanted_sealed"
    )
    found = {(item.kind, item.resource_id): item for item in items.order_by("position")}
    return Draft(gathering, found)


def asked_before(
    item: PlannedItem, gateway: Gateway, actor: Actor
) -> ChangeRequest | None:
    """Return the change on its way in which this program asked for the same already."""
    found = (
        Item.objects.on_the_way(gateway)
        .filter(
            kind=item.kind.name,
            resource_id=item.id,
            action=item.action,
            base_digest=item.base_digest,
            wanted_digest=item.wanted_digest,
            revision__change__author=actor.person,
            revision__change__token=actor.token,
        )
        .select_related("revision__change__gateway")
        .order_by("-pk")
        .first()
    )
    return found.revision.change if found else None


def held_back_of(actor: Actor, gateway: Gateway) -> ChangeRequest | None:
    """Return a draft of the program that was held back, the first time it is asked for."""
    held = Gathering.objects.filter(
        person=actor.person,
        program=key_space(actor),
        gateway=gateway,
        held_back=True,
        change__state=State.DRAFT,
    )
    gathering = held.select_related("change__gateway").order_by("pk").first()
    if gathering is None:
        return None
    Gathering.objects.filter(pk=gathering.pk).delete()
    return gathering.change


class Drafted(Live):
    """What a gateway would hold once a draft is delivered, the draft over what is live."""

    def __init__(self, live: Live, draft: Draft) -> None:
        super().__init__(live.client)
        self._live = live
        self._draft = draft
        self._joined: dict[str, dict[str, Document]] = {}

    def find(self, kind: str, resource_id: str) -> Document | None:
        """Return one document."""
        item = self._draft.items.get((kind, resource_id))
        return item.whole_wanted() if item else self._live.find(kind, resource_id)

    def documents(self, kind: str) -> dict[str, Document]:
        """Return {id: document} of a kind."""
        if kind not in self._joined:
            joined = self._live.documents(kind) | self._draft.documents(kind)
            self._joined[kind] = {
                key: document
                for key, document in joined.items()
                if document is not None
            }
        return self._joined[kind]
