"""Bring what one gateway holds to another, such as from staging to production.

It is a change of the other gateway like any: planned against what that one holds,
checked, reviewed and delivered. Its variables say which hosts and addresses are its
own, and no secret goes along unless whoever asks may have the secrets of the first.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext

from gateway.documents import SERVER_MANAGED
from gateway.fingerprint import fingerprint_key
from gateway.kinds import KINDS
from gateway.live import Live
from gateway.mirror import catalogue_of
from gateway.models import Gateway
from gateway.own_secrets import with_own_secrets
from gateway.promote import Dictionary, promoted
from gateway.references import references_of
from gateway.schemas import Schemas
from gateway.whole import with_never_shown
from portal.accounts.actor import Actor, Channel
from portal.accounts.roles import Verb
from portal.changes import states
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.bringing import bringing_whole, item_at
from portal.changes.errors import Malformed, NoSuchResource, NothingToChange
from portal.changes.links import Links
from portal.changes.models import Action, ChangeRequest
from portal.changes.plan import ITEM_LIMIT, Plan, gateway_or_down, read_ahead
from portal.changes.propose import (
    Proposed,
    check_words,
    filed_before,
    preview,
    propose,
)
from portal.changes.states import State

Document = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class PromotionAsked:
    """Resources of `source` that `target` shall hold too: `picked`, or those of a change.

    `with_references`: together with what they refer to, as far as the target lacks it.
    """

    source: Gateway
    target: Gateway
    picked: tuple[Key, ...] = ()
    change: ChangeRequest | None = None
    with_references: bool = True
    reason: str = ""
    title: str = ""
    idempotency_key: str = ""
    conversation: str = ""

    def as_change(self, items: tuple[ItemAsked, ...]) -> ChangeAsked:
        return ChangeAsked(
            gateway=self.target,
            reason=self.reason,
            title=self.title,
            items=items,
            idempotency_key=self.idempotency_key,
            conversation=self.conversation,
            # Sent again with its key it is the same request, whatever the source holds.
            source=self._words() if self.idempotency_key else "",
        )

    def _words(self) -> str:
        number = self.change.pk if self.change else ""
        picked = " ".join(f"{kind}/{resource_id}" for kind, resource_id in self.picked)
        return f"{self.source.slug} {number} {self.with_references} {picked}"


@dataclass(frozen=True)
class Brought:
    """The items that a promotion comes to.

    Of what the picked resources refer to, `along` goes with them and `there` is what
    the target holds already: it stays as it is there.
    """

    items: tuple[ItemAsked, ...]
    along: tuple[Key, ...]
    there: tuple[Key, ...]


def promote(asked: PromotionAsked, *, actor: Actor) -> Proposed:
    """File the change of the target.

    Raises NotAllowed, NotVisible, WrongState for a change that is not applied,
    NoSuchResource, NothingToChange where the target holds it all, and whatever
    `propose` raises.
    """
    person = actor.require(Verb.ASK, asked.target)
    actor = actor.by_way_of(Channel.PROMOTION)
    change = asked.as_change(())
    check_words(change)
    if asked.idempotency_key and (earlier := filed_before(change, actor, person)):
        return Proposed(earlier, is_replay=True)
    brought = _bring(asked, actor)
    return propose(
        asked.as_change(brought.items),
        actor=actor,
        links=Links(promoted_from=asked.source, promotes=asked.change),
    )


def preview_promotion(asked: PromotionAsked, *, actor: Actor) -> tuple[Plan, Brought]:
    """Show what `promote` would do. Raises as it does; nothing is stored."""
    actor.require(Verb.READ, asked.target)
    brought = _bring(asked, actor)
    return preview(asked.as_change(brought.items), actor=actor), brought


def _bring(asked: PromotionAsked, actor: Actor) -> Brought:
    person = actor.require(Verb.READ, asked.source)
    picked = _picked(asked)
    may_export = person.may(Verb.EXPORT, asked.source)
    held, schemas = _held_by_source(asked, picked)
    with gateway_or_down(asked.target) as client:
        target = Live(client)
        read_ahead(target, [kind for kind, _ in picked])
        wanted, there = _wanted(asked, picked, held, target)
        target_schemas = catalogue_of(asked.target, client)
        before = {key: now for key in wanted if (now := target.find(*key)) is not None}
    before = with_never_shown(asked.target, before, schemas=target_schemas)
    dictionary = Dictionary(asked.source.variables, asked.target.variables)
    items: list[ItemAsked] = []
    for key in wanted:
        now = before.get(key)
        if key not in held:
            if now is not None:
                items.append(item_at(Action.DELETE, key))
            continue
        document, kept = promoted(key[0], _bare(held[key]), dictionary)
        document = with_own_secrets(
            key[0],
            document,
            now or {},
            key=fingerprint_key(),
            encrypt_fields=schemas.encrypt_fields,
            may_bring=may_export,
        )
        if item := bringing_whole(key, document, now, schemas=target_schemas):
            items.append(replace(item, kept=kept))
    if not items:
        raise NothingToChange(
            gettext(
                "Gateway %(target)s holds all of it already. There is nothing to ask for."
            )
            % {"target": asked.target.slug}
        )
    along = tuple(key for key in wanted if key not in set(picked))
    return Brought(tuple(items), along, tuple(there))


def _picked(asked: PromotionAsked) -> tuple[Key, ...]:
    """Return what is to be promoted. Raises Malformed, WrongState."""
    if asked.source.pk == asked.target.pk:
        raise Malformed(
            gettext("Choose another gateway: this is the target."), field="from"
        )
    if bool(asked.picked) is (asked.change is not None):
        raise Malformed(
            gettext("Say what to promote: either items or the number of a change."),
            field="items",
        )
    if asked.change is None:
        if len(asked.picked) > ITEM_LIMIT:
            raise Malformed(
                gettext("Give at most %(limit)s items.") % {"limit": f"{ITEM_LIMIT:,}"},
                field="items",
            )
        for index, (kind, resource_id) in enumerate(asked.picked):
            if kind not in KINDS or not KINDS[kind].accepts_id(resource_id):
                raise Malformed(
                    gettext(
                        "%(what)r is no resource. Give a kind such as route, and its id."
                    )
                    % {"what": f"{kind} {resource_id}"[:80]},
                    field=f"items.{index}",
                )
        return tuple(dict.fromkeys(asked.picked))
    if asked.change.gateway_id != asked.source.pk:
        raise Malformed(
            gettext("Change #%(change)s is not one of gateway %(source)s.")
            % {"change": asked.change.pk, "source": asked.source.slug},
            field="change",
        )
    # What is promoted has been live on the source.
    states.expect(asked.change, State.APPLIED)
    items = asked.change.latest_revision().items.order_by("position")
    return tuple(items.values_list("kind", "resource_id"))


def _held_by_source(
    asked: PromotionAsked, picked: Collection[Key]
) -> tuple[dict[Key, Document], Schemas]:
    """Return what the source holds of it, and of all that it refers to.

    Raises NoSuchResource for what was picked by name and is not there.
    """
    found: dict[Key, Document] = {}
    with gateway_or_down(asked.source, field="from") as client:
        schemas, live = catalogue_of(asked.source, client), Live(client)
        read_ahead(live, [kind for kind, _ in picked])
        waiting = list(picked)
        while waiting:
            key = waiting.pop()
            document = None if key in found else live.find(*key)
            if document is not None:
                found[key] = document
                waiting += _named_by(key, document) if asked.with_references else ()
    if asked.change is None:
        for index, key in enumerate(asked.picked):
            if key not in found:
                raise NoSuchResource(
                    gettext(
                        "Gateway %(source)s holds no %(title)s %(key)s. Look up its id."
                    )
                    % {
                        "source": asked.source.slug,
                        "title": KINDS[key[0]].title.lower(),
                        "key": key[1],
                    },
                    field=f"items.{index}.id",
                )
    return with_never_shown(asked.source, found, schemas=schemas), schemas


def _wanted(
    asked: PromotionAsked,
    picked: Collection[Key],
    held: Mapping[Key, Document],
    target: Live,
) -> tuple[list[Key], list[Key]]:
    """Return what goes to the target, and what of its references is there already."""
    wanted, there = dict.fromkeys(picked), dict[Key, None]()
    waiting = list(picked) if asked.with_references else []
    while waiting:
        key = waiting.pop(0)
        for named in _named_by(key, held.get(key, {})):
            if named in wanted or named not in held:
                continue
            if target.find(*named) is not None:
                there[named] = None
            else:
                wanted[named] = None
                waiting.append(named)
    return list(wanted), list(there)


def _named_by(key: Key, document: Document) -> Iterator[Key]:
    kind, resource_id = key
    for _, named, named_id in references_of(kind, document):
        yield named, named_id
    if parent := KINDS[kind].parent:
        yield parent, resource_id.partition("/")[0]


def _bare(document: Document) -> Document:
    """Return the document without its id, which stands beside it, and the server's own."""
    hidden = {"id", *SERVER_MANAGED}
    return {name: value for name, value in document.items() if name not in hidden}
