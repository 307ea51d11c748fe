"""The parameters of OAuth's requests, read strictly: each once, or not at all.

RFC 6749, 3.1 and 3.2: what has no value counts as left out, what is not known is
ignored, nothing comes twice (save `resource`, RFC 8707).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

NUMBER_LIMIT, LENGTH_LIMIT = 40, 2_000
REPEATED = "resource"


class Malformed(Exception):
    """These are no parameters; the message says why, to people and programs."""


@dataclass(frozen=True)
class Parameters:
    """Names with their values, in order."""

    pairs: Sequence[tuple[str, str]]

    def get(self, name: str) -> str:
        """Return a parameter's value, "" when it was left out."""
        return next((value for known, value in self.pairs if known == name), "")

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.pairs if known == name]

    def encoded(self) -> str:
        return urlencode(self.pairs)


def read(text: str, names: Sequence[str]) -> Parameters:
    """Return those of these names in a query or form. Raises Malformed."""
    try:
        sent = parse_qsl(
            text, keep_blank_values=True, max_num_fields=NUMBER_LIMIT, errors="strict"
        )
    except ValueError:
        raise Malformed(
            f"Send at most {NUMBER_LIMIT} parameters, in UTF-8, form-encoded."
        ) from None
    pairs = [(name, value) for name, value in sent if name in names and value]
    for name, value in pairs:
        if len(value) > LENGTH_LIMIT:
            raise Malformed(f"{name} is longer than {LENGTH_LIMIT:,} characters.")
        if not value.isprintable():
            raise Malformed(f"{name} holds characters that cannot be shown.")
    known = [name for name, _ in sent if name in names]
    for name in names:
        if name != REPEATED and known.count(name) > 1:
            raise Malformed(f"{name} is given more than once.")
    return Parameters(pairs)
