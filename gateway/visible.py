"""Make visible what does not show, or shows as something else. Pure.

Names, labels and addresses are typed by people. Characters that are invisible, turn
the reading direction, or look like others are shown by their number: `⟨U+202E⟩`.
"""

import re
import unicodedata
from functools import lru_cache

# Controls, formats (bidirectional ones, joiners, tags), private use, surrogates,
# unassigned, line and paragraph separators, enclosing marks.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Me"})
# Blank or invisible, although their category says letter, mark or symbol.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\U0001d159")
# Marks that can be heaped on any letter, and variation selectors, which do not show.
MARKS = re.compile(
    r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    r"\u180b-\u180f\U000e0100-\U000e01ef]"
)
# Not letters, but at home in addresses in their ASCII form.
PUNCTUATION = frozenset("․‥∕⁄⧸⫽／＼∖։꞉∶：․。｡﹒‐‑‒–−＿＠﹫＃？！ǃ＆＝＊∗٭")
# Letters of other scripts that are drawn like Latin ones.
LOOK_ALIKES = frozenset(
    "аеорсухіїјѕԁһӏьвкмнтгпԛԝүѵАВЕЅІЇЈКМНОРСТУХҮԌԚԜЗ"  # Cyrillic
    "αβγικνορτυχωϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ"  # Greek
    "աոսօցզգհյնքՏԼՍՕ"  # Armenian
    "ᎪᏴᏟᎠᎬᎮᎻᏂᎥᎫᏦᏞᎷᏢᎡᏚᎢᏌᏙᎳᏃ"  # Cherokee
)
# Superscripts and ordinals are written in plain texts too: m², 2ª.
EVERYDAY = frozenset("ªº¹²³")
SCRIPTS = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
WORD = re.compile(r"\w+")
NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def visible(text: str) -> str:
    """Return the text with every such character shown or marked.

    A letter of another script is marked in a word that has Latin letters too, or that
    is made of look-alikes alone beside Latin words: a Russian word among English ones
    stays readable.
    """
    if text.isascii() and text.isprintable():
        return text
    suspects = _suspects(text)
    return "".join(
        f"{char}{_number(char)}" if index in suspects else _shown(char)
        for index, char in enumerate(text)
    )


def reveal(text: str) -> str:
    """Return a whole page with what hides in it shown; lines and look-alikes stay.

    For texts that were put together already: `visible` tells more.
    """
    if text.isascii():
        return text
    return NOT_ASCII.sub(_revealed, text)


def _revealed(found: re.Match[str]) -> str:
    char = found[0]
    hides = unicodedata.category(char) in HIDDEN_CATEGORIES or char in BLANK
    return _number(char) if hides else char


def _suspects(text: str) -> set[int]:
    """Return the places of letters that look like Latin ones and are none."""
    if not any(_script(char) in SCRIPTS for char in text):
        return set()
    has_latin = any(_script(char) == "LATIN" for char in text)
    found: set[int] = set()
    for word in WORD.finditer(text):
        foreign = {
            word.start() + index
            for index, char in enumerate(word.group())
            if _script(char) in SCRIPTS
        }
        letters = [char for char in word.group() if char.isalpha()]
        is_mixed = any(_script(char) == "LATIN" for char in letters)
        is_disguise = has_latin and all(char in LOOK_ALIKES for char in letters)
        if is_mixed or is_disguise:
            found |= foreign
    return found


@lru_cache(maxsize=4096)
def _shown(char: str) -> str:
    if char == " " or (char.isascii() and char.isprintable()):
        return char
    category = unicodedata.category(char)
    if (
        category in HIDDEN_CATEGORIES
        or category == "Zs"
        or char in BLANK
        or MARKS.match(char)
    ):
        return _number(char)
    if char in PUNCTUATION or _is_ascii_in_disguise(char):
        return f"{char}{_number(char)}"
    return char


def _is_ascii_in_disguise(char: str) -> bool:
    """Say whether it is a letter or digit in another shape: wide, bold, circled."""
    plain = unicodedata.normalize("NFKC", char)
    is_one = len(plain) == 1 or char.isalpha()
    return is_one and plain.isascii() and plain.isalnum() and char not in EVERYDAY


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0] if char.isalpha() else ""


def _number(char: str) -> str:
    return f"⟨U+{ord(char):04X}⟩"
