"""What programs may have done, described once and done once, at whichever door.

A door brings what was sent (`Given`), calls `run` and tells the answer in its own form.
Chat clients read the texts to choose and fill calls. OpenAI's limits: 300 characters
for a summary or description, 700 for a parameter's
(https://developers.openai.com/api/docs/actions/production).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.changes.propose import Proposed
from portal.wire import examples
from portal.wire.also_known import AlsoKnown
from portal.wire.answers.changes import filed
from portal.wire.answers.shapes import Filed
from portal.wire.inputs.query import Query

Serializer = serializers.Serializer[Any]

# Statuses that any operation answers, and any that is about one thing.
ANY = (400, 401, 403, 429, 503)
ONE = (*ANY, 404)


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a program sent, not looked at yet; `path` is what the address names.

    `idempotency_key` is what it said beside the body.
    """

    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any = None
    idempotency_key: str = ""
    conversation: str = ""

    def checked(
        self, body: type[Serializer], actor: Actor | None = None
    ) -> dict[str, Any]:
        """Return the body once it has the form of `body`. Raises ValidationError.

        With an actor, typed documents may hold what the gateway meant knows, too.
        """
        context = {"also_known": AlsoKnown(self.body, actor)} if actor else {}
        form = body(data=self.body, context=context)
        form.is_valid(raise_exception=True)
        fields: dict[str, Any] = form.validated_data
        return fields


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is told; `proposed` is the change that was filed, if one was.

    `is_preview`: nothing was stored, because it was only to be tried.
    """

    body: dict[str, Any]
    proposed: Proposed | None = None
    is_preview: bool = False


@dataclass(frozen=True, kw_only=True)
class InPath:
    """Something that the address names; `choices` are all there are, if not empty."""

    name: str
    words: str
    example: Any
    type: type = str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation. `title` and `words` tell what it does, `run` does it.

    `errors` are the statuses it may refuse with, `preview` what it answers where it is
    only tried. `is_final`: what it does cannot be
    undone. `is_repeatable`: doing the same again does nothing more.
    """

    id: str
    title: str
    words: str
    run: Callable[[Actor, Given], Answer]
    answer: type[Serializer]
    answer_words: str = ""
    answer_example: Mapping[str, Any] | None = None
    preview: type[Serializer] | None = None
    path: tuple[InPath, ...] = ()
    query: type[Query] | None = None
    body: type[Serializer] | None = None
    body_example: Mapping[str, Any] | None = None
    body_types: tuple[str, ...] = ("application/json",)
    errors: tuple[int, ...] = ANY
    status: int = 200
    verb: Verb = Verb.READ
    is_final: bool = False
    is_repeatable: bool = True

    @property
    def is_consequential(self) -> bool:
        """Whether a chat client should ask the user before each call."""
        return self.verb is not Verb.READ


def person_of(actor: Actor) -> Person:
    """Return the person a program acts for. Raises NotAllowed for Gatehouse itself."""
    if actor.person is None:
        raise NotAllowed("Gatehouse itself asks for nothing.")
    return actor.person


def filing(id: str, **told: Any) -> Operation:
    """Return an operation that files a change, by what sets it apart from others."""
    return Operation(
        id=id,
        **told,
        errors=(*ONE, 409, 422),
        status=202,
        answer=Filed,
        answer_words="Filed for review; not live yet.",
        answer_example=examples.FILED,
        verb=Verb.ASK,
        is_repeatable=False,
    )


def filed_answer(proposed: Proposed, **more: Any) -> Answer:
    """Return the answer to a request that filed a change, and what else there is to tell."""
    return Answer(body=filed(proposed.change) | more, proposed=proposed)
