"""What hides or pretends is shown; what people really write stays readable."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.visible import reveal, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),  # turns the reading direction
        ("a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩"),
        ("a\u200bb", "a⟨U+200B⟩b"),  # zero width
        ("a\u00adb", "a⟨U+00AD⟩b"),  # soft hyphen
        ("a\u00a0b", "a⟨U+00A0⟩b"),  # a space that is none
        ("a\u3000b", "a⟨U+3000⟩b"),
        ("a\nb\tc\x00", "a⟨U+000A⟩b⟨U+0009⟩c⟨U+0000⟩"),
        ("a\u2028b", "a⟨U+2028⟩b"),
        ("a\ufe0fb\U000e0100", "a⟨U+FE0F⟩b⟨U+E0100⟩"),  # variation selectors
        ("a\U000e0041b", "a⟨U+E0041⟩b"),  # a tag: hidden text
        ("a\u3164b\u115f\u2800", "a⟨U+3164⟩b⟨U+115F⟩⟨U+2800⟩"),  # blank letters
        ("e\u0301a\u0338", "e⟨U+0301⟩a⟨U+0338⟩"),  # heaped marks
        ("a\u20ddb", "a⟨U+20DD⟩b"),
        ("a\ue000b\ud800", "a⟨U+E000⟩b⟨U+D800⟩"),
        ("pаypal.com", "pа⟨U+0430⟩ypal.com"),  # one Cyrillic letter
        ("/аре", "/аре"),  # nothing Latin beside it
        ("admin /аре", "admin /а⟨U+0430⟩р⟨U+0440⟩е⟨U+0435⟩"),
        ("gооgle", "gо⟨U+043E⟩о⟨U+043E⟩gle"),
        ("αdmin", "α⟨U+03B1⟩dmin"),
        ("ａｄmin", "ａ⟨U+FF41⟩ｄ⟨U+FF44⟩min"),
        ("𝐚dmin", "𝐚⟨U+1D41A⟩dmin"),
        ("a.com∕b", "a.com∕⟨U+2215⟩b"),
        ("127․0․0․1", "127․⟨U+2024⟩0․⟨U+2024⟩0․⟨U+2024⟩1"),
    ],
)
def test_what_hides_or_pretends_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "/speaker/*",
        "Grüße aus Köln, ça va?",
        "Маршрут для API конференции",
        "会议 API",
        "日本語のルート",
        "한국어 경로",
        "العربية",
        "हिन्दी",
        "Διαδρομή",
        "naïve café №5 m² → €",
        "👍 done",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_no_character_that_does_not_print_ever_stays() -> None:
    left = [
        hex(number)
        for number in range(sys.maxunicode + 1)
        if chr(number) != " "
        and not chr(number).isprintable()
        and chr(number) in visible(f"a{chr(number)}b")
    ]
    assert left == []


@given(st.text(st.characters(codec=None), max_size=30))
def test_two_texts_look_alike_only_when_they_are_the_same(text: str) -> None:
    shown = visible(text)
    assert all(char == " " or char.isprintable() for char in shown)
    hidden = [c for c in text if unicodedata.category(c) in {"Cf", "Cc"}]
    assert shown.count("⟨U+") >= len(hidden)


def test_a_long_text_takes_no_long_time() -> None:
    text = "а" * 200_000 + "a"
    assert len(visible(text)) > 200_000


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<p>a\n\tb\r\n</p>", "<p>a\n\tb\r\n</p>"),
        ("<p>gpj\u202eexe\u200b</p>", "<p>gpj⟨U+202E⟩exe⟨U+200B⟩</p>"),
        ("<p>\u2028\x85\u3164</p>", "<p>⟨U+2028⟩⟨U+0085⟩⟨U+3164⟩</p>"),
        ("<p>Größe – 漢字 ›…</p>", "<p>Größe – 漢字 ›…</p>"),
    ],
)
def test_what_hides_in_a_whole_page_is_revealed(page: str, shown: str) -> None:
    assert reveal(page) == shown
