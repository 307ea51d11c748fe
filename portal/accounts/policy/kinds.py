"""The kinds of policy: what each is made of, and how it comes into force."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from gateway.models import Gateway
from portal.accounts.models import PolicyChange
from portal.audit.ledger import Entry, Recordable

Document = dict[str, Any]


class PolicyKind(ABC):
    """One kind of policy. Its documents are plain JSON without secrets.

    `scope` is the gateway whose administrators decide on it, None for those of all.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    # The fields of its documents that say what it is about; none: all that its scope has.
    about: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        """Return what is wanted in its one form. Raises an error that names the field."""

    @abstractmethod
    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        """Return what counts now of that which `wanted` would change."""

    @abstractmethod
    def sentences(self, base: Document, wanted: Document) -> list[str]:
        """Say in words, one per point, what would be different."""

    @abstractmethod
    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        """Bring it into force; return what the ledger shall say of it."""

    def meanwhile(self, change: PolicyChange) -> Sequence[Entry]:
        """Bring about what cannot wait for a second person; as `apply`, else."""
        return ()

    def dropped(self, change: PolicyChange) -> Sequence[Entry]:
        """Undo what was done `meanwhile`: it was refused or withdrawn."""
        return ()

    def needs_two(self, base: Document, wanted: Document) -> bool:
        """Say whether one person never suffices, not even the only administrator."""
        return False

    def needs_one(self, base: Document, wanted: Document) -> bool:
        """Say whether one person suffices even where there are others."""
        return False


_kinds: dict[str, PolicyKind] = {}


def register(kind: PolicyKind) -> None:
    """Make a kind known, when its app is ready."""
    _kinds[kind.name] = kind


def kind_of(name: str) -> PolicyKind:
    """Return the kind of this name."""
    return _kinds[name]
