"""What a page that is open tells of what was typed so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import forms


@dataclass(frozen=True)
class Told:
    """Words about one field; `field` is the name of its input, where there is one."""

    label: str
    words: str
    field: str = ""


def told_of(
    all_forms: Sequence[forms.Form], errors: Mapping[str, Sequence[str]]
) -> list[Told]:
    """Return what is wrong, but for what is not filled in yet.

    `errors` are those of inputs that belong to no form, by their path.
    """
    told = [Told(at, words) for at, several in errors.items() for words in several]
    for form in all_forms:
        for name, found in form.errors.as_data().items():
            bound = form[name] if name in form.fields else None
            for error in found:
                if error.code == "required":
                    continue
                told += [
                    Told(
                        str(bound.label) if bound else "",
                        str(words),
                        bound.html_name if bound else "",
                    )
                    for words in error.messages
                ]
    return told
