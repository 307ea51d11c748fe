"""Follow a chain of entries, wherever they come from, and say what breaks it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from portal.audit.content import GENESIS


@dataclass(frozen=True)
class Problem:
    """Something that proves the ledger was touched; `number` is None for the whole."""

    number: int | None
    words: str

    def __str__(self) -> str:
        where = "ledger" if self.number is None else f"event {self.number}"
        return f"{where}: {self.words}"


@dataclass
class Chain:
    """How far entries were followed: the number and the hash of the last one."""

    number: int = 0
    hash: str = GENESIS

    def follow(
        self, number: int, previous_hash: str, hash: str, computed: str
    ) -> Iterator[Problem]:
        """Yield what is wrong with the next entry; when all is told, go on to it.

        `hash` is what it carries, `computed` what its content gives.
        """
        if number != self.number + 1:
            yield Problem(
                number,
                f"Events {self.number + 1} to {number - 1} are missing before it."
                if number > self.number
                else f"It comes after event {self.number}.",
            )
        if previous_hash != self.hash:
            yield Problem(number, "It does not follow from the event before it.")
        if computed != hash:
            yield Problem(number, "Its content was altered: the hash does not match.")
        self.number, self.hash = number, hash
