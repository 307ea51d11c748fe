"""A process of its own that reads YAML within its limits.

Answers `{"value": …}` or `{"error": words, "line": n}`; without an answer it was too much.
"""

import json
import sys
from typing import Any

import yaml

from gateway.formats.errors import FormatError
from gateway.formats.reader import DIGITS_LIMIT, NO_NUMBER, meaning, shown
from gateway.openapi.children import limit

# Seconds of the processor.
WORK = 100
DEPTH_LIMIT = 100
# Values, with each alias counted as all that it stands for.
VALUES_LIMIT = 2_000_000
# Characters of JSON, aliases written out: twice as many as a source may have bytes.
WRITTEN_LIMIT = 40_000_000


def read(text: str) -> Any:
    """Return the value of a YAML text: plain words mean what YAML 1.2 says.

    Raises FormatError.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FormatError(
            f"This is neither JSON nor YAML: {error.problem or error.context}.",
            line=mark.line + 1 if mark else 0,
        ) from error
    except yaml.reader.ReaderError as error:
        raise FormatError(
            "It holds a control character, which YAML does not allow. Take it out."
        ) from error
    return builder.value


class _Builder:
    """Builds one plain value from YAML's events, without recursion."""

    def __init__(self) -> None:
        self.value: Any = None
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []
        # For each open value: its anchor, and how many values there were before it.
        self._begun: list[tuple[str | None, int]] = []
        # {anchor: (value, how many values it is)}
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = self._count = 0

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            value = self._open.pop()
            self._keys.pop()
            anchor, before = self._begun.pop()
            if anchor is not None:
                self._anchors[anchor] = (value, self._count - before)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _at(event, "A second document begins here (---). Give one only.")

    def _scalar(self, event: Any) -> None:
        _refuse_tag(event)
        is_plain = event.implicit[0]
        if self._awaits_key():
            self._key(event.value, event, is_merge=is_plain and event.value == "<<")
            return
        value = _plain(event) if is_plain else event.value
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, 1, event)

    def _begin(self, event: Any) -> None:
        _refuse_tag(event)
        if self._awaits_key():
            raise _at(event, "A key must be a text.")
        if len(self._open) >= DEPTH_LIMIT:
            raise _at(event, f"It nests deeper than {DEPTH_LIMIT} levels here.")
        made: dict[str, Any] | list[Any]
        made = [] if isinstance(event, yaml.SequenceStartEvent) else {}
        # What refers to itself would have no end.
        self._anchors.pop(event.anchor, None)
        self._begun.append((event.anchor, self._count))
        self._put(made, 1, event)
        self._open.append(made)
        self._keys.append(None)

    def _alias(self, event: Any) -> None:
        if self._awaits_key():
            raise _at(event, "A key must be a text.")
        if event.anchor not in self._anchors:
            raise _at(event, f"*{event.anchor} stands for what is not complete here.")
        value, count = self._anchors[event.anchor]
        self._put(value, count, event)

    def _awaits_key(self) -> bool:
        return (
            bool(self._open)
            and isinstance(self._open[-1], dict)
            and self._keys[-1] is None
        )

    def _key(self, key: str, event: Any, *, is_merge: bool) -> None:
        if is_merge:
            raise _at(event, "Merge keys (<<) are not read. Write the values out.")
        if key in self._open[-1]:
            raise _at(event, f"The key {shown(key)} stands twice in one object.")
        self._keys[-1] = key

    def _put(self, value: Any, count: int, event: Any) -> None:
        self._count += count
        if self._count > VALUES_LIMIT:
            raise _at(
                event,
                f"With its aliases written out it holds more than {VALUES_LIMIT:,} "
                "values. Split it, or write less by aliases.",
            )
        if not self._open:
            self.value = value
            return
        holder = self._open[-1]
        if isinstance(holder, list):
            holder.append(value)
        else:
            holder[self._keys[-1] or ""] = value
            self._keys[-1] = None


def _refuse_tag(event: Any) -> None:
    if event.tag is not None and event.tag != "!":
        raise _at(event, f"Tags are not read. Take {shown(str(event.tag))} out.")


def _plain(event: Any) -> Any:
    text: str = event.value
    if NO_NUMBER.fullmatch(text):
        raise _at(event, f"{text} is no number that JSON has. Give another.")
    value = meaning(text)
    if value in (float("inf"), float("-inf")) or (
        not isinstance(value, str) and len(text) > DIGITS_LIMIT
    ):
        raise _at(event, f"The number {text[:20]} is too large.")
    return value


def _at(event: Any, words: str) -> FormatError:
    return FormatError(words, line=event.start_mark.line + 1)


def main() -> None:
    limit(seconds=WORK)
    told: dict[str, Any]
    try:
        told = {"value": read(sys.stdin.buffer.read().decode())}
    except FormatError as error:
        told = {"error": str(error), "line": error.line}
    answer = json.dumps(told, ensure_ascii=False)
    if len(answer) > WRITTEN_LIMIT:
        words = f"With its aliases it comes to more than {WRITTEN_LIMIT:,} characters."
        answer = json.dumps({"error": words, "line": 0})
    sys.stdout.buffer.write(answer.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    main()
