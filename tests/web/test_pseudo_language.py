"""In a language that puts every marked word in brackets, nothing else is left to read.

It proves of words that Python makes what `test_translatable.py` proves of templates.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.tokens import default_token_generator
from django.db.models import CharField, JSONField, TextField
from django.test import Client
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import trans_real

from gateway.kinds import KINDS
from gateway.visible import visible
from portal.audit.events import Event
from portal.web.people.preferences import AREAS
from portal.webhooks.models import Message
from tests.changes.conftest import Desk
from tests.factories import make_cast, make_live_gateway, make_person
from tests.sandbox import SandboxGateway
from tests.web.busy_desk import fill
from tests.web.conftest import sign_in
from tests.web.visits import VISITS

# A language of Django's own, whose words are replaced.
LANGUAGE = "eo"
OPEN, CLOSE = "⟦", "⟧"
# Elements whose text is nobody's language; what is in a title stands on the page too.
CODE = {"code", "kbd", "pre", "script", "style", "textarea", "title"}
SPOKEN = {"alt", "aria-label", "data-label", "label", "placeholder", "title"}
LETTERS = re.compile(r"[^\W\d_]{2}")

# Where most words come from the gateway's side, which speaks English (see
# docs/translating.md): what is asked for, compared, tried and ruled.
ENGLISH_PAGES = re.compile(
    r"/changes/|/gateways/\w+/(?:promote|recipes|simulator|topology|drift/\d+|routes/.)"
    r"|/gateways/\w+/plugins/.|/rules/|/policy/\d|/admin/|/api/docs|/o/authorize/"
)
# What is no language, as references to resources are, or is called so in every one.
NO_WORDS = re.compile(
    r"\b\w+/[\w-]+|\b(?:ADC|Admin API|API|APISIX|ChatGPT|Claude Code|Firefox|Gatehouse|HEAD|GET|POST"
    r"|MCP|OAuth|OpenAPI|UTC)\b"
    # Kinds are called as APISIX calls them.
    r"|\b(?:" + "|".join(kind.title for kind in KINDS.values()) + r")s?\b"
    # Times, hosts, characters that hide.
    r"|\d{4}-\d\d-\d\d [\d:]+|\b[\w-]+(?:\.[\w-]+)+\b|⟨U\+\w+⟩",
    re.IGNORECASE,
)
# Sentences that are English for the same reason, or because they are kept.
ENGLISH = re.compile(
    r"It counts |All gateways|Environment |Gatehouse itself|#?\d* ?(?:Creates|Deletes) "
    r"|desc added: |uri: /|points: |asked by: |person id: |rules version: |summary: "
    r"|changes: |outcome: |scopes: |policy change \d|change \d|· alice by |CI \(gate"
)


class Brackets:
    """A catalogue, as Django asks one, that holds every word."""

    def gettext(self, message: str) -> str:
        words = message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]
        if words == "yes,no,maybe":  # the filter `yesno` cuts it at the commas
            return ",".join(map(self.gettext, words.split(",")))
        return f"{OPEN}{words}{CLOSE}"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number == 1 else plural)

    def to_language(self) -> str:
        return LANGUAGE


@pytest.fixture
def brackets(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """Offer that language, and let whoever does something read it."""
    settings.LANGUAGES = [*settings.LANGUAGES, (LANGUAGE, "Brackets")]
    # Afterwards: Django forgets its catalogues when that changes.
    monkeypatch.setitem(trans_real._translations, LANGUAGE, Brackets())
    with translation.override(LANGUAGE):
        yield


class Texts(HTMLParser):
    """Collects what people read of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in SPOKEN]
        if tag in CODE:
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            self._within.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.found.append(data)


def without_marked(source: str) -> str:
    """Leave out what stands in brackets, with the brackets within."""
    left, depth, start = [], 0, 0
    for found in re.finditer(f"[{OPEN}{CLOSE}]", source):
        if depth == 0:
            left.append(source[start : found.start()])
        depth += 1 if found[0] == OPEN else -1
        start = found.end()
        assert depth >= 0, "a marked word lost its beginning"
    assert depth == 0, "a marked word was cut"
    return " ".join([*left, source[start:]])


def unmarked(source: str, data: set[str]) -> list[str]:
    """Return what a page says that is neither marked nor data."""

    def is_data(words: str) -> bool:
        bare = re.sub(r"^#\d+ ", "", words.strip())
        rest = NO_WORDS.sub("", bare).strip()
        return not LETTERS.search(rest) or not data.isdisjoint(
            {bare, bare.rstrip("."), rest}
        )

    found = []
    for text in Texts(without_marked(source)).found:
        words = " ".join(text.split())
        parts = re.split(r"(?:^| )·(?: |$)|, |[“”():]", words)
        if not is_data(words) and not all(map(is_data, parts)):
            found.append(words)
    return found


def stored() -> set[str]:
    """Return every text that the database holds, its lines, and names in JSON."""
    texts: set[str] = set()
    for model in apps.get_models():
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, CharField | TextField | JSONField)
        ]
        for row in model._default_manager.values_list(*names):
            texts.update(_texts(row))
    return texts


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        for one in (value, *value.splitlines()):
            yield " ".join(visible(one.replace("\n", " ")).split())
    elif isinstance(value, dict):
        yield from value
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


@pytest.fixture
def made(
    db: None,
    sandbox: SandboxGateway,
    second_sandbox: SandboxGateway,
    brackets: None,
) -> dict[str, Any]:
    """A desk where everything happened once, in that language."""
    gateway = make_live_gateway(
        sandbox,
        public_url=sandbox.proxy_url,
        environment="sandbox",
        variables={"speakers": "127.0.0.1:8000"},
    )
    make_live_gateway(second_sandbox, "production")
    people = make_cast()
    alice = urlsafe_base64_encode(force_bytes(people.alice.pk))
    link = f"{alice}/{default_token_generator.make_token(people.alice)}"
    return {**fill(Desk(gateway, sandbox, people)), "link": link, "people": people}


def test_pages_are_marked_and_what_is_kept_is_english(made: dict[str, Any]) -> None:
    people = {
        who: getattr(made["people"], who, None) or make_person(who) for who in VISITS
    }
    kept = stored()

    assert Message.objects.exists()
    assert [text for text in kept if OPEN in text or CLOSE in text] == []

    data = kept | set(Event) | {event.value.partition(".")[0] for event in Event}
    found: dict[str, str] = {}
    looked_at = 0
    for who, pages in VISITS.items():
        client = Client() if who == "stranger" else sign_in(people[who])
        for address in {visit.address.format(**made) for visit in pages.values()}:
            if ENGLISH_PAGES.match(address):
                continue
            answer = client.get(
                address, follow=True, headers={"accept-language": LANGUAGE}
            )
            looked_at += 1
            for words in unmarked(answer.content.decode(), data):
                if not words.startswith(AREAS) and not ENGLISH.match(words):
                    found.setdefault(words, address)

    assert looked_at > 50
    assert not found, "\n".join(f"{at}: {words}" for words, at in found.items())


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>⟦Sent by ⟦Gatehouse itself⟧⟧ · alice</p>", []),
        ("<p>⟦It is <b>alice</b>.⟧</p><p>2026-11-22 10:00:07 UTC</p>", []),
        ("<p>Sent ⟦now⟧</p>", ["Sent"]),
        ('<i title="Close"></i><code>GET /x</code>', ["Close"]),
        ("<p>alice · asks</p>", ["alice · asks"]),
    ],
)
def test_what_is_not_marked_is_found(source: str, found: list[str]) -> None:
    assert unmarked(source, {"alice"}) == found
