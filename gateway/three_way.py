"""Join what two sides made of one document: what is wanted, and what is live. Pure.

Objects join key by key; a list comes whole. Fields of which the gateway takes only one
(`uri` or `uris`, `nodes` or a discovery) stand or fall together. What one side alone
changed is taken; where both did, and differently, they collide and somebody chooses.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.canonical import canonical
from gateway.documents import SERVER_MANAGED, normal_form
from gateway.references import with_ids_as_text
from gateway.visible import visible

if TYPE_CHECKING:
    from gateway.schemas import Schemas

Document = dict[str, Any]
Path = tuple[str, ...]

# At most one of each is meant; the first name stands for all.
EXCLUSIVE: tuple[Path, ...] = (
    ("uri", "uris"),
    ("host", "hosts"),
    ("remote_addr", "remote_addrs"),
    ("upstream", "upstream_id"),
)
EXCLUSIVE_IN_UPSTREAM: tuple[Path, ...] = (("nodes", "service_name", "discovery_type"),)
# Members count one by one, also where the whole was not there before.
CONTAINERS = frozenset({("plugins",), ("labels",)})


class Side(StrEnum):
    """Whose value stands where both sides changed one."""

    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True)
class Collision:
    """A place that both sides changed, and differently; None where it is absent.

    An empty path means the whole document. Where fields exclude each other the values
    are objects of those that are there.
    """

    path: Path
    base: Any
    wanted: Any
    live: Any

    @property
    def dotted(self) -> str:
        return ".".join(visible(part) for part in self.path)


@dataclass(frozen=True)
class Merged:
    """The joined document, None: not there. It means nothing while `collisions` stand."""

    document: Document | None
    collisions: Sequence[Collision] = ()


def three_way(
    kind: str,
    base: Document | None,
    wanted: Document | None,
    live: Document | None,
    *,
    version: str | None = None,
    schemas: "Schemas | None" = None,
    choices: Mapping[Path, Side] | None = None,
) -> Merged:
    """Join `wanted` and `live`, both made from `base`; None: not there.

    Values are equal when their normal forms for a gateway of this version are.
    `choices` settles collisions by their path; those it does not name are returned.
    """
    merge = _Merge(kind, choices or {})

    def side(document: Document | None) -> _Value:
        if document is None:
            return NOTHING
        meant = {k: v for k, v in document.items() if k not in SERVER_MANAGED}
        form = normal_form(kind, document, version=version, schemas=schemas)
        return _Value(meant, with_ids_as_text(kind, form))

    merged = merge.value((), side(base), side(wanted), side(live))
    return Merged(None if merged is ABSENT else dict(merged), tuple(merge.collisions))


ABSENT: Any = object()


class _Value(NamedTuple):
    """A value as it stands, and in the form in which it is compared."""

    whole: Any
    form: Any

    def at(self, name: str) -> "_Value":
        if not isinstance(self.whole, dict):
            return NOTHING
        form = self.form if isinstance(self.form, dict) else {}
        return _Value(self.whole.get(name, ABSENT), form.get(name, ABSENT))

    def of(self, names: Sequence[str]) -> "_Value":
        """Return the object of these members alone."""
        members = {name: self.at(name) for name in names}
        return _Value(
            {n: v.whole for n, v in members.items() if v.whole is not ABSENT},
            {n: v.form for n, v in members.items() if v.form is not ABSENT},
        )

    def equals(self, other: "_Value") -> bool:
        if self.form is ABSENT or other.form is ABSENT:
            return self.form is other.form
        return canonical(self.form) == canonical(other.form)

    @property
    def told(self) -> Any:
        return None if self.whole is ABSENT else self.whole


NOTHING = _Value(ABSENT, ABSENT)


@dataclass
class _Merge:
    kind: str
    choices: Mapping[Path, Side]
    collisions: list[Collision] = field(default_factory=list)

    def value(self, path: Path, base: _Value, wanted: _Value, live: _Value) -> Any:
        """Return the joined value, ABSENT where there is none."""
        if live.equals(base):
            return wanted.whole
        if wanted.equals(base) or wanted.equals(live):
            return live.whole
        if path in CONTAINERS and base.form is ABSENT:
            base = _Value({}, {})
        if all(isinstance(one.form, dict) for one in (base, wanted, live)):
            return self._objects(path, base, wanted, live)
        return self._chosen(path, base, wanted, live)

    def _objects(self, path: Path, base: _Value, wanted: _Value, live: _Value) -> Any:
        made: Document = {}
        together: set[str] = set()
        for names in self._exclusive(path):
            used = {frozenset(one.of(names).form) for one in (base, wanted, live)}
            if len(used) > 1:
                sides = [one.of(names) for one in (base, wanted, live)]
                made |= self._whole((*path, names[0]), *sides)
                together.update(names)
        for name in {**wanted.whole, **live.whole}:
            if name not in together:
                value = self.value(
                    (*path, name), base.at(name), wanted.at(name), live.at(name)
                )
                if value is not ABSENT:
                    made[name] = value
        return made

    def _whole(self, path: Path, base: _Value, wanted: _Value, live: _Value) -> Any:
        """Return one of the values, all of it."""
        if live.equals(base):
            return wanted.whole
        if wanted.equals(base) or wanted.equals(live):
            return live.whole
        return self._chosen(path, base, wanted, live)

    def _chosen(self, path: Path, base: _Value, wanted: _Value, live: _Value) -> Any:
        side = self.choices.get(path)
        if side is None:
            self.collisions.append(Collision(path, base.told, wanted.told, live.told))
        return wanted.whole if side is Side.MINE else live.whole

    def _exclusive(self, path: Path) -> Iterator[Path]:
        if not path:
            yield from EXCLUSIVE
        if path == (() if self.kind == "upstream" else ("upstream",)):
            yield from EXCLUSIVE_IN_UPSTREAM
