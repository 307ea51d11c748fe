"""What the checks found, as pages tell it: by weight, and what is alike told once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext

from portal.changes.checks import SUBJECTS, overlap
from portal.changes.findings import Severity

Finding = Mapping[str, Any]

ANSWERING = {code.code for code in overlap.SUBJECT.codes}
WORDS = {code.code: code.words for subject in SUBJECTS for code in subject.codes}
# Where one thing is found very often, the rest is told with the items.
FEW, NAMED = 3, 12


@dataclass(frozen=True)
class Alike:
    """The same words at one or several items, numbered from 1."""

    words: str
    mend: str
    path: str
    numbers: Sequence[int]
    example: Mapping[str, str] | None = None

    @property
    def tried(self) -> str:
        """The query with which the simulator tries the request that proves it, or ""."""
        return urlencode(self.example) if self.example else ""

    @property
    def is_often(self) -> bool:
        """Whether it is at too many items to number them."""
        return len(self.numbers) > NAMED


@dataclass(frozen=True)
class Sort:
    """All that one check found of one weight; `about` says what it looks for."""

    code: str
    about: str
    count: int
    alike: Sequence[Alike]

    @property
    def few(self) -> Sequence[Alike]:
        return self.alike[:FEW]

    @property
    def more(self) -> int:
        """How many findings the few leave out."""
        return self.count - sum(len(one.numbers) for one in self.few)


@dataclass(frozen=True)
class Weight:
    """All findings of one severity."""

    severity: str
    count: int
    sorts: Sequence[Sort]


def weighed(findings: Sequence[Finding]) -> list[Weight]:
    """Return the findings heaviest first, each sort of them together."""
    weights = []
    for severity in (Severity.BLOCKER, Severity.WARNING, Severity.INFO):
        found = [one for one in findings if one["severity"] == severity]
        codes = Counter(one["code"] for one in found)
        sorts = [
            _sort(code, [one for one in found if one["code"] == code]) for code in codes
        ]
        if found:
            weights.append(Weight(severity, len(found), sorts))
    return weights


def _sort(code: str, found: Sequence[Finding]) -> Sort:
    places: dict[tuple[str, str, str], list[Finding]] = {}
    for one in found:
        same = one["words"], one["mend"], one.get("path", "")
        places.setdefault(same, []).append(one)
    alike = [
        Alike(*same, [one.get("item", 0) + 1 for one in ones], ones[0].get("example"))
        for same, ones in places.items()
    ]
    about = gettext(WORDS[code]) if code in WORDS else ""
    return Sort(code, about, len(found), alike)


def who_answers(findings: Sequence[Finding]) -> list[Finding]:
    """Return those that tell which requests other routes answer."""
    return [one for one in findings if one["code"] in ANSWERING]


def besides_who_answers(findings: Sequence[Finding]) -> list[Finding]:
    return [one for one in findings if one["code"] not in ANSWERING]
