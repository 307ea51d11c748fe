"""The system of tokens and components, and the page that shows it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as the_settings
from django.test import Client

from portal.web.design import declared

As = Callable[[str], Client]

SHEETS = Path(the_settings.BASE_DIR, "static", "css")
TOKENS = (SHEETS / "tokens.css").read_text()


def test_the_page_is_there_only_while_debugging(as_: As, settings: Any) -> None:
    assert as_("alice").get("/design/").status_code == 404

    settings.DEBUG = True

    page = as_("alice").get("/design/").content.decode()
    assert all(
        f"--{name}</code>" in page for ones in declared().values() for name, _ in ones
    )


def test_contrast_is_the_same_by_the_system_and_by_wish() -> None:
    by_system, by_wish = (
        re.findall(r"--[a-z0-9-]+: .+;", part)
        for part in TOKENS.partition("prefers-contrast")[2].split(".contrast")
    )

    assert by_system == by_wish != []


@pytest.mark.parametrize("sheet", sorted(path.name for path in SHEETS.glob("*.css")))
def test_a_sheet_names_only_tokens_that_there_are_and_no_colour(sheet: str) -> None:
    text = (SHEETS / sheet).read_text()
    known = set(re.findall(r"--[a-z0-9-]+(?=:)", TOKENS + text))

    assert set(re.findall(r"var\((--[a-z0-9-]+)", text)) <= known
    if sheet != "tokens.css":
        assert re.findall(r"#[0-9a-f]{3,8}\b|\brgb\(|\bhsl\(", text) == []


def test_every_token_is_of_use() -> None:
    used = "".join(path.read_text() for path in SHEETS.glob("*.css"))

    unused = {
        name
        for ones in declared().values()
        for name, _ in ones
        if f"var(--{name})" not in used
    }

    assert unused == set()
