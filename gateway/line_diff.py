"""Two texts line by line: what changes, and what stays far from it set apart. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# Lines that stay are shown so far around what changes.
AROUND = 3
# Longer texts (lines) are not compared: it takes long, and nobody reads it by lines.
AT_MOST = 4_000


@dataclass(frozen=True)
class Stretch:
    """Lines that follow each other and all stay, or all make room for others.

    `is_far`: they stay, and nothing near them changes.
    """

    before: Sequence[str]
    after: Sequence[str]
    is_far: bool = False

    @property
    def is_kept(self) -> bool:
        return self.before == self.after


def line_diff(before: str, after: str) -> list[Stretch]:
    """Return all lines of both texts in order; nothing where a text is too long."""
    one, other = before.split("\n"), after.split("\n")
    if max(len(one), len(other)) > AT_MOST:
        return []
    found: list[Stretch] = []
    blocks = SequenceMatcher(None, one, other).get_opcodes()
    for index, (tag, i, i_end, j, j_end) in enumerate(blocks):
        if tag != "equal":
            found.append(Stretch(one[i:i_end], other[j:j_end]))
            continue
        head = i + (AROUND if index else 0)
        tail = i_end - (AROUND if index < len(blocks) - 1 else 0)
        # To fold a few lines away would hide more than it saves.
        if tail - head < 2 * AROUND:
            head = tail = i_end
        parts = ((i, head, False), (head, tail, True), (tail, i_end, False))
        found += [
            Stretch(one[start:end], one[start:end], is_far)
            for start, end, is_far in parts
            if start < end
        ]
    return found
