"""Find changes by words: number, title, what they do, hosts, paths, ids, people.

Each change is filed under its words when it is asked for and each time it is revised.
A host or path is filed under each place where a name in it begins, so that
`example.com`, `/cart` and `cart` all find `shop.example.com/cart/*`. What is looked for
is the beginning of a word.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q

from portal.changes.models import ChangeRequest, ChangeRequestQuerySet, ChangeWord, Item

# Characters; more of an address tells nothing apart that people would type.
LONGEST = 64
# Places where a name begins, within one word.
PLACES = 24
# Words that people type at once.
AT_MOST = 8
NAMING = ("name", "uri", "uris", "host", "hosts", "sni", "snis")
BEGINNING = re.compile(r"/?[^\W_]+")
EDGES = "\"'“”‘’()[]{},;:.!?…"


def words_of(*texts: str) -> set[bytes]:
    """Return what these texts are found by."""
    return {word for text in texts for word in _words(text.casefold())}


def _words(text: str) -> Iterator[bytes]:
    for whole in text.split():
        word = whole.strip(EDGES)
        places = [found.start() for found in BEGINNING.finditer(word)]
        # Of `/cart` both the slash and the name begin something.
        starts = {0, *places, *(p + 1 for p in places if word[p] == "/")}
        for start in sorted(starts)[:PLACES]:
            if part := word[start : start + LONGEST]:
                yield part.encode()


def file_words(change: ChangeRequest, items: Iterable[Item]) -> None:
    """File a change under its words and those of these items, within a transaction."""
    texts = [change.title, change.summary, change.author.username]
    for item in items:
        texts += [item.resource_id, *_names(item.base), *_names(item.wanted)]
    ChangeWord.objects.bulk_create(
        (ChangeWord(word=word, change=change) for word in sorted(words_of(*texts))),
        batch_size=1_000,
        ignore_conflicts=True,
    )


def _names(document: Any) -> Iterator[str]:
    """Return what a document is known by, whatever it holds there."""
    if not isinstance(document, dict):
        return
    for field in NAMING:
        value = document.get(field)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield one


def matching(changes: ChangeRequestQuerySet, looked_for: str) -> ChangeRequestQuerySet:
    """Keep the changes that are found by every word; `#12` and `12` by number, too."""
    for typed in looked_for.split()[:AT_MOST]:
        number = typed.removeprefix("#")
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        if is_number and typed != number:
            changes = changes.filter(number=int(number))
            continue
        word = typed.casefold().strip(EDGES)[:LONGEST].encode()
        if not word:
            continue
        # No text holds the byte ff: what begins with the word lies below it.
        found = ChangeWord.objects.filter(word__gte=word, word__lt=word + b"\xff")
        fits = Q(pk__in=found.values("change"))
        changes = changes.filter(fits | Q(number=int(number)) if is_number else fits)
    return changes
