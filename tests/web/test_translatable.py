"""What people read on pages can be translated: every word of a template is marked."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, Token, TokenType
from django.utils.translation import check_for_language

TEMPLATES = Path(settings.BASE_DIR, "templates")
# Called the same in every language.
NAMES = re.compile(
    r"\b(?:ADC|Admin API|API|APISIX|ChatGPT|Claude(?: Code)?|CSV|Cursor|Gatehouse"
    r"|JSON|MCP|OAuth 2\.0|OAuth|OpenAPI|SHA-256|YAML)\b"
)
# Elements whose text is nobody's language.
CODE = {"code", "kbd", "pre", "script", "style"}
SPOKEN = {"alt", "aria-label", "data-label", "label", "placeholder", "title"}
LETTER = re.compile(r"[^\W\d_]")
# Tags that are given no words for people.
SILENT = {"block", "elif", "extends", "if", "load", "now", "static", "url"}
# Blocks that stand within a tag.
ATTRIBUTES = {"block root", "block width"}
# What is marked, how dates are written, addresses and commands that are put together.
MARKED = re.compile(
    r"""_\((["']).*?\1\)|\|date:(["']).*?\2"""
    r"""|(["'])((?!\3).)*\3(\|add:(\w+|(["'])((?!\7).)*\7))+"""
)
# Words that a tag is given, and those of a filter that are shown.
GIVEN = re.compile(r"""(["'])(.*?)\1""")
SHOWN = re.compile(r"""\|(?:default|default_if_none|yesno):(["'])(.*?)\1""")
PROSE = re.compile(r"\b[A-Z]|\w \w")

# Templates that stand within a tag.
WITHIN = {"_told.html"}


class Reader(HTMLParser):
    """Collects what people read of a page's source, with the numbers of its lines."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._within: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SPOKEN:
                self._read(value or "")
        if tag in CODE:
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            self._within.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._within:
            self._read(data)

    def _read(self, text: str) -> None:
        first, _ = self.getpos()
        for line, words in enumerate(text.split("\n"), start=first):
            if LETTER.search(NAMES.sub("", words)):
                self.found.append((line, " ".join(words.split())))


def untranslated(template: str) -> list[tuple[int, str]]:
    """Return the words of a template that no translator gets to see, with their lines."""
    given: list[tuple[int, str]] = []
    reader = Reader("".join(_source(template, given)))
    return sorted({*reader.found, *given})


def _source(template: str, given: list[tuple[int, str]]) -> Iterator[str]:
    """Give what is left when marked words and the template's own language are away.

    Words that a tag is given are added to `given`: where it shows them is unknown.
    """
    until = ""
    for token in Lexer(template).tokenize():
        contents = MARKED.sub("", token.contents)
        name = contents.split()[0] if contents.strip() else ""
        if until:
            yield "\n" * token.contents.count("\n")
            until = "" if _is_tag(token) and name == until else until
        elif token.token_type is TokenType.TEXT:
            yield token.contents
        elif token.token_type is TokenType.VAR:
            yield "".join(words for _, words in SHOWN.findall(contents))
            yield "plural by hand" if "|pluralize" in contents else ""
        elif _is_tag(token) and name in {"blocktranslate", "comment"}:
            until = f"end{name}"
        elif _is_tag(token) and contents in ATTRIBUTES:
            until = "endblock"
        elif _is_tag(token) and name not in SILENT | {"translate"}:
            given += (
                (token.lineno, words)
                for _, words in GIVEN.findall(contents)
                if PROSE.search(NAMES.sub("", words))
            )


def _is_tag(token: Token) -> bool:
    return token.token_type is TokenType.BLOCK


FILES = [path for path in sorted(TEMPLATES.rglob("*.html")) if path.name not in WITHIN]


@pytest.mark.parametrize(
    "path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_every_word_of_a_template_is_marked(path: Path) -> None:
    found = [
        f"{path.relative_to(settings.BASE_DIR)}:{line}: {words}"
        for line, words in untranslated(path.read_text())
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>\n  Two words\n</p>", [(2, "Two words")]),
        ('<i aria-label="Pages"></i>', [(1, "Pages")]),
        ('<i class="word" title="{% if a %}On{% endif %}"></i>', [(1, "On")]),
        ("{{ name|default:'nobody' }}", [(1, "nobody")]),
        ("{{ n }} way{{ n|pluralize }}", [(1, "wayplural by hand")]),
        ('\n{% include "a.html" with name="The rest" %}', [(2, "The rest")]),
        ("{% block title %}Home · Gatehouse{% endblock %}", [(1, "Home · Gatehouse")]),
        ("<pre><b>x</b>\n</pre>\ny", [(3, "y")]),
    ],
)
def test_a_word_that_is_not_marked_is_found(
    template: str, words: list[tuple[int, str]]
) -> None:
    assert untranslated(template) == words


@pytest.mark.parametrize(
    "template",
    [
        '{% translate "Two words" %} · 7 → <i title="{{ name }}"></i>',
        "{% blocktranslate trimmed with n=a %}\n<b>It is {{ n }}.</b>\n{% endblocktranslate %}",
        '<i class="well {{ a|yesno:"well,ill" }}" data-x="Words"></i>',
        '{% include "a.html" with name=_("The rest") of="rest" %}',
        "{{ name|default:_('nobody') }} {% if a == 'Two words' %}{% endif %}",
        "{% comment %} Words {% endcomment %}{# Words #}<!-- Words -->",
        "<p>APISIX, JSON</p><code>GET /api</code><pre>x <b>y</b> z</pre>",
        "{% block width %}page--wide{% endblock %}",
        """{% with value='curl -H "A: B" '|add:url|add:"/x y" %}{% endwith %}""",
    ],
)
def test_what_is_marked_or_no_word_is_let_through(template: str) -> None:
    assert untranslated(template) == []


def test_every_language_that_is_offered_is_there() -> None:
    for code, _ in settings.LANGUAGES:
        assert check_for_language(code), f"{code} has no catalogue: make words"
        assert Path(settings.BASE_DIR, "portal/formats", code, "formats.py").is_file()
