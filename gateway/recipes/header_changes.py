"""What proxy-rewrite and response-rewrite do to headers: `set`, `add`, `remove`. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.recipes.route import Document, Work
from gateway.recipes.settings import (
    Schema,
    Settings,
    WrongSettings,
    pairs,
    several,
    text,
)

GROUP = "What passes"
NAME = text(
    "Header",
    "A header's name.",
    maxLength=256,
    pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
)

SET: Schema = pairs(
    "Set headers",
    "They take the place of what there was.",
    NAME,
    text("Value", "The header's value.", maxLength=4_000),
    examples=[{"X-Gateway": "apisix"}],
)
REMOVE: Schema = several(
    "Remove headers", "They do not get through.", NAME, examples=[["X-Debug"]]
)


def changed_headers(before: Document, settings: Settings) -> Document:
    """Return {"headers": operations} with those of the settings among them; {} for none.

    Raises WrongSettings for a header that is to be set and removed, or set twice.
    """
    wanted: Mapping[str, str] = settings.get("set_headers", {})
    unwanted: list[str] = settings.get("remove_headers", [])
    if not wanted and not unwanted:
        return {}
    _expect_sense(wanted, unwanted)
    headers = _operations(before.get("headers"))
    setting, removing = headers.get("set"), headers.get("remove")
    changed = headers | {
        "set": _without(setting, {*wanted, *unwanted}) | dict(wanted),
        "remove": [
            *_names(removing, without=wanted),
            *_names(unwanted, without=removing or ()),
        ],
    }
    return {"headers": {name: value for name, value in changed.items() if value}}


def _expect_sense(wanted: Mapping[str, str], unwanted: list[str]) -> None:
    for name in wanted:
        if name.lower() in {one.lower() for one in unwanted}:
            words = f"{name} is to be set and to be removed. Choose one of both."
            raise WrongSettings(("remove_headers", words))
        if sum(one.lower() == name.lower() for one in wanted) > 1:
            words = f"{name} stands twice: upper and lower case are the same."
            raise WrongSettings(("set_headers", words))


def _operations(present: Any) -> Document:
    """Return the operations; a plain object of names and values is the old form of set."""
    if not isinstance(present, dict):
        return {}
    names = ("add", "set", "remove")
    if any(isinstance(present.get(name), list | dict) for name in names):
        return {name: present[name] for name in names if name in present}
    return {
        "set": {name: value for name, value in present.items() if value != ""},
        "remove": [name for name, value in present.items() if value == ""],
    }


def _without(setting: Any, names: Iterable[str]) -> Document:
    """Return what is set but for these headers, however they are written."""
    lower = {name.lower() for name in names}
    present = setting if isinstance(setting, dict) else {}
    return {name: one for name, one in present.items() if name.lower() not in lower}


def _names(present: Any, *, without: Iterable[str]) -> list[str]:
    lower = {str(name).lower() for name in without}
    return [name for name in present or () if str(name).lower() not in lower]


def tell(settings: Settings, whose: str, work: Work) -> None:
    """Say what becomes of headers; their values may be nobody's business."""
    if wanted := settings.get("set_headers"):
        work.sets(f"{whose} gets the headers {', '.join(wanted)}.")
    if unwanted := settings.get("remove_headers"):
        work.sets(f"{whose} loses the headers {', '.join(unwanted)}.")
