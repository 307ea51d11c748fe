"""Who owns what a change touches, for rules that ask the owners.

More is a group's here than its members may ask for (ownership.py): who asks must stay
inside of a part, who is asked answers for all that meets it. A label owns where no part
names the place. It is the author's to write, and so is a place wider than all parts: of
what is new by these, who is asked for what nobody owns is asked too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from gateway.effective import hosts_of
from gateway.held import Held, Overlaid
from gateway.mirrored import Mirrored
from gateway.models import Gateway
from gateway.references import holders_of, references_of
from portal.accounts.models import Ownership
from portal.changes.ownership import (
    SHARED,
    Document,
    Place,
    Sides,
    covers,
    has_labels,
    is_where_it_was,
    meets,
    places_of,
    title_of,
)

Groups = frozenset[str]
NOBODY: Groups = frozenset()


@dataclass(frozen=True)
class Owned:
    """What one of `groups` owns, none: nobody; `what` is the first, `more` the others."""

    groups: tuple[str, ...]
    what: str
    more: int = 0

    @property
    def words(self) -> str:
        return f"{self.what} and {self.more} more" if self.more else self.what


def owned_in(items: Sequence[Sides], gateway: Gateway) -> tuple[Owned, ...]:
    """Return what of these has which owners; an item may have several.

    By the mirror with the change over it. Two queries, and where the change touches what
    routes share, one for each kind that may refer to it.
    """
    parts = list(Ownership.objects.on(gateway))
    mirrored = Mirrored(gateway)
    if parts:
        mirrored.look_up("service", _services_of(items))
    owners = _Owners(
        parts,
        before=Overlaid(mirrored, {(one.kind, one.id): one.base for one in items}),
        after=Overlaid(mirrored, {(one.kind, one.id): one.wanted for one in items}),
    )
    found: dict[Groups, list[str]] = defaultdict(list)
    for item in items:
        for groups in owners.of(item):
            found[groups].append(title_of(item))
    return tuple(
        Owned(tuple(sorted(groups)), titles[0], len(titles) - 1)
        for groups, titles in found.items()
    )


def _services_of(items: Iterable[Sides]) -> set[str]:
    documents = [side for one in items for side in (one.base, one.wanted) if side]
    return {str(one["service_id"]) for one in documents if one.get("service_id")}


class _Owners:
    def __init__(
        self, parts: Sequence[Ownership], *, before: Held, after: Held
    ) -> None:
        self._places = [one for one in parts if one.names_a_place]
        self._labels = [one for one in parts if not one.names_a_place]
        self._sides = (_Needed(before), _Needed(after))

    def of(self, item: Sides) -> set[Groups]:
        """Return sets of groups, one of each of which owns some of it on either side."""
        found: set[Groups] = set()
        if not (self._places or self._labels):
            return {NOBODY}
        documents = (item.base, item.wanted)
        for document, needed in zip(documents, self._sides, strict=True):
            if document is not None:
                found |= self._of_document(item.kind, item.id, document, needed)
                if _moves_routes(item):
                    found |= self._of_holders(item.kind, item.id, needed)
        return found | self._unproved(item)

    def _unproved(self, item: Sides) -> set[Groups]:
        """Return nobody's where no more than the author's word says whose it is."""
        if item.wanted is None or item.kind in SHARED:
            return set()
        if item.kind != "route":
            return set() if is_where_it_was(item) else {NOBODY}
        before, after = (side.held for side in self._sides)
        known = places_of(item.base, before)
        return {
            NOBODY
            for place in places_of(item.wanted, after)
            if place not in known and not self._lying(covers, item.wanted, place)
        }

    def _of_document(
        self, kind: str, resource_id: str, document: Document, needed: "_Needed"
    ) -> set[Groups]:
        if kind == "route":
            return {
                self._of_place(document, place)
                for place in places_of(document, needed.held)
            } or {NOBODY}
        labelled = self._by_label(document)
        if labelled or kind not in SHARED:
            return {labelled}
        return self._of_holders(kind, resource_id, needed) or {NOBODY}

    def _of_holders(
        self, kind: str, resource_id: str, needed: "_Needed"
    ) -> set[Groups]:
        found: set[Groups] = set()
        for holder, holder_id, other in needed.by(kind, resource_id):
            # What holds itself is no more than it was.
            if (holder, holder_id) != (kind, resource_id):
                found |= self._of_document(holder, holder_id, other, needed)
        return found

    def _of_place(self, document: Document, place: Place) -> Groups:
        return (
            self._lying(covers, document, place)
            or self._lying(meets, document, place)
            or self._by_label(document)
        )

    def _lying(
        self,
        lies: Callable[[Ownership, Document, Place], bool],
        document: Document,
        place: Place,
    ) -> Groups:
        return frozenset(
            one.group.name for one in self._places if lies(one, document, place)
        )

    def _by_label(self, document: Document) -> Groups:
        return frozenset(
            one.group.name for one in self._labels if has_labels(one, document)
        )


def _moves_routes(item: Sides) -> bool:
    """Say whether routes without hosts of their own answer elsewhere by this."""
    before, after = (hosts_of(side or {}) for side in (item.base, item.wanted))
    return item.kind == "service" and before != after


class _Needed:
    """What refers to what, each kind that may refer read once."""

    def __init__(self, held: Held) -> None:
        self.held = held

    def by(self, kind: str, resource_id: str) -> Iterator[tuple[str, str, Document]]:
        """Yield (kind, id, document) of what refers to it."""
        for holder, holder_id in self._referring[kind, resource_id]:
            yield holder, holder_id, self._documents[holder][holder_id]

    @cached_property
    def _documents(self) -> dict[str, dict[str, Document]]:
        return {
            holder: {one: dict(it) for one, it in self.held.documents(holder).items()}
            for holder in holders_of(SHARED)
        }

    @cached_property
    def _referring(self) -> dict[tuple[str, str], set[tuple[str, str]]]:
        found: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        for holder, documents in self._documents.items():
            for holder_id, document in documents.items():
                for _, kind, resource_id in references_of(holder, document):
                    found[kind, resource_id].add((holder, holder_id))
        return found
