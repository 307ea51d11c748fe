"""Say in words which requests change hands, and how to mend it if that is not meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.overlap.compare import Kind, Reason, Verdict
from gateway.words import quoted

NAMED = 4
WHY = {
    Reason.HOST: ": the more specific host goes first",
    Reason.EXACT: ": an exact URI goes first",
    Reason.PREFIX: ": the longer prefix goes first",
    Reason.PRIORITY: ": the higher priority goes first",
    Reason.LENGTH: ": the longer URI goes first",
}
NARROW = "narrow it by host, URI, methods or vars"


@dataclass(frozen=True)
class Group:
    """Verdicts of one sort on one route; `it` is how a sentence calls that route."""

    verdicts: Sequence[Verdict]
    it: str

    @property
    def words(self) -> str:
        """Say what happens, with a request that proves it."""
        first = self.verdicts[0]
        text = f"{_sentence(first, self.it, self._others)}."
        if first.assumes_filter:
            text += " A filter_func is code and was not run: it is taken to accept."
        return text[0].upper() + text[1:]

    @property
    def mend(self) -> str:
        """Say what to do if that is not meant."""
        first = self.verdicts[0]
        return {
            Kind.UNREACHABLE: (
                "Raise its priority above theirs, narrow its host or URI, or leave it out."
            ),
            Kind.REPLACES: (
                f"Delete what is not needed any more in the same change, or {NARROW}."
            ),
            Kind.TAKES_OVER: f"If that is not meant, {NARROW}.",
            Kind.AMBIGUOUS: "Give one of them a higher priority.",
            Kind.OVERLAPS: (
                "Nothing needs to be done if that is meant; else set priority or "
                f"{NARROW}."
            ),
            Kind.GIVES_UP: (
                "See that who answers then asks for the same sign-in and limits, or keep "
                "these requests."
                if first.others
                else "Make sure that nobody sends such requests any more, or keep them."
            ),
        }[first.kind]

    @property
    def _others(self) -> str:
        first = self.verdicts[0]
        if first.kind is Kind.UNREACHABLE:
            # They do it together, and the sentence says after which change.
            return _named((key, "") for key in first.others)
        return _named((key, one.layer) for one in self.verdicts for key in one.others)


def _sentence(first: Verdict, it: str, others: str) -> str:
    example = f"such as {first.example}"
    why = WHY.get(first.reason, "") if first.reason else ""
    if first.kind is Kind.UNREACHABLE:
        after = f" once change #{first.layer} is applied" if first.layer else ""
        return (
            f"{it} would never answer{after}: {others} would take every request first, "
            f"{example}"
        )
    if first.kind is Kind.REPLACES:
        return f"{it} takes all requests of {others}, {example}, leaving none"
    if first.kind is Kind.TAKES_OVER:
        return f"{it} takes over requests that now go to {others}, {example}{why}"
    if first.kind is Kind.AMBIGUOUS:
        return (
            f"{it} and {others} take the same requests, {example}, at the same host, URI "
            "and priority: which one answers depends on the order in which each node of "
            "the gateway loaded them"
        )
    if first.kind is Kind.GIVES_UP:
        goes = f"go to {others}" if others else "be answered 404"
        return f"requests that {it} answers now would {goes}, {example}"
    one, other = (it, others) if first.winner == first.route else (others, it)
    return (
        f"{one} would come before {other} for requests that both take, {example}{why}"
    )


def _named(routes: Iterable[tuple[str, str]]) -> str:
    """Name routes, given with the number of the change that brings them, if any."""
    told = list(
        dict.fromkeys(
            f"{quoted(key)} of change #{layer}" if layer else quoted(key)
            for key, layer in routes
        )
    )
    if not told:
        return ""
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    noun = "route" if len(told) == 1 else "routes"
    return f"{noun} {', '.join(told[:NAMED])}{more}"
