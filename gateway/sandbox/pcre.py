"""Whether PCRE could compile a pattern, in the words of nginx.

The compiler asked is the `regex` package, which knows nearly the same language; its
complaints are translated where nginx has words of its own.
"""

from functools import lru_cache
from typing import Any

import regex

_WORDS = {
    "missing )": "missing closing parenthesis",
    "unbalanced parenthesis": "unmatched closing parenthesis",
    "unterminated character set": "missing terminating ] for character class",
    "bad set": "missing terminating ] for character class",
    "nothing to repeat": "quantifier does not follow a repeatable item",
    "multiple repeat": "quantifier does not follow a repeatable item",
    "bad escape (end of pattern)": "\\ at end of pattern",
}
# Complaints that are about the end of the pattern name no place in it.
_AT_END = frozenset(
    {
        "missing closing parenthesis",
        "missing terminating ] for character class",
        "\\ at end of pattern",
    }
)


@lru_cache(maxsize=1024)
def failure(pattern: str) -> str | None:
    """Return why the pattern does not compile, or None when it does."""
    try:
        regex.compile(pattern)
    except regex.error as raised:
        # The package's type hints do not know what its errors carry.
        error: Any = raised
        words: str = _WORDS.get(error.msg, error.msg)
        told = f'pcre2_compile() failed: {words} in "{pattern}"'
        if words in _AT_END or error.pos is None:
            return told
        return f'{told} at "{pattern[error.pos :]}"'
    return None
