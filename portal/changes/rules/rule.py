"""One rule as a JSON document, checked, and back. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext

from gateway.kinds import KINDS
from portal.accounts.actor import Channel
from portal.changes.errors import Malformed
from portal.changes.models import Action

Document = dict[str, Any]

RULE_LIMIT, NAME_LIMIT, VALUE_LIMIT, VALUES_LIMIT, MOST = 100, 100, 200, 100, 20
# What a rule matches on; each holds texts, and none means anything.
LISTS = (
    "gateways",
    "environments",
    "channels",
    "kinds",
    "actions",
    "hosts",
    "uris",
    "labels",
    "plugins",
    "findings",
)
KNOWN: dict[str, frozenset[str]] = {
    "channels": frozenset(Channel.values) - {Channel.SYSTEM.value},
    "kinds": frozenset(KINDS),
    "actions": frozenset(Action.values),
}
SIZES = ("items_at_least", "items_at_most")


@dataclass(frozen=True)
class Need:
    """So many approvals, by people of one of these groups; none: of any reviewers.

    `owners` asks, for each thing that a change touches, one of the groups that own it;
    `groups` are then for what nobody owns, and without them that asks nobody. `owned`
    says of a change what its groups are asked for.
    """

    approvals: int
    groups: tuple[str, ...] = ()
    owners: bool = False
    owned: str = ""

    def as_json(self) -> Document:
        told: Document = {"approvals": self.approvals, "groups": list(self.groups)}
        return told | ({"owners": True} if self.owners else {})


@dataclass(frozen=True)
class When:
    """What a change is held against; what is left empty fits anything."""

    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    items_at_least: int = 0
    items_at_most: int = 0

    def __getattr__(self, name: str) -> tuple[str, ...]:
        if name not in LISTS:
            raise AttributeError(name)
        return self.lists.get(name, ())

    def as_json(self) -> Document:
        sizes = {name: getattr(self, name) for name in SIZES if getattr(self, name)}
        return {name: list(values) for name, values in self.lists.items()} | sizes


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is needed `when` a change fits.

    `no_approval` says that nothing is; `despite_warnings` that a warning does not
    matter then. `last_editor_counts` is about whoever wrote a change that this one
    promotes, reverts or replaces: who wrote the change itself never counts.
    """

    name: str
    when: When = field(default_factory=When)
    needs: tuple[Need, ...] = ()
    last_editor_counts: bool = True
    no_approval: bool = False
    despite_warnings: bool = False

    def as_json(self) -> Document:
        """Return the rule's one form: what is not said is left out."""
        told: Document = {"name": self.name, "when": self.when.as_json()}
        if self.needs:
            told["needs"] = [need.as_json() for need in self.needs]
        if not self.last_editor_counts:
            told["last_editor_counts"] = False
        for name in ("no_approval", "despite_warnings"):
            if getattr(self, name):
                told[name] = True
        return told


def rules_of(documents: Any, at: str = "rules") -> list[Rule]:
    """Return the rules that a JSON list describes. Raises Malformed, naming the field."""
    if not isinstance(documents, list):
        raise Malformed(gettext("Give a list of rules."), field=at)
    if len(documents) > RULE_LIMIT:
        raise Malformed(
            gettext("Use at most %(limit)s rules.") % {"limit": RULE_LIMIT},
            field=at,
        )
    rules = [rule_of(one, f"{at}.{index}") for index, one in enumerate(documents)]
    names = [rule.name for rule in rules]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise Malformed(
                gettext("Another rule has this name. Give it its own."),
                field=f"{at}.{index}.name",
            )
    return rules


def rule_of(document: Any, at: str = "rule") -> Rule:
    """Return the rule that a JSON object describes. Raises Malformed."""
    fields = _fields(
        document,
        at,
        "name",
        "when",
        "needs",
        "last_editor_counts",
        "no_approval",
        "despite_warnings",
    )
    rule = Rule(
        name=_text(fields.get("name"), f"{at}.name", NAME_LIMIT),
        when=_when(fields.get("when", {}), f"{at}.when"),
        needs=_needs(fields.get("needs", []), f"{at}.needs"),
        **{
            name: _yes_or_no(fields[name], f"{at}.{name}")
            for name in ("last_editor_counts", "no_approval", "despite_warnings")
            if name in fields
        },
    )
    _expect_sense(rule, at)
    return rule


def _expect_sense(rule: Rule, at: str) -> None:
    if rule.despite_warnings and not rule.no_approval:
        raise Malformed(
            gettext("This goes with no_approval alone."), field=f"{at}.despite_warnings"
        )
    if not rule.no_approval:
        if not rule.needs and rule.last_editor_counts:
            raise Malformed(gettext("Say what the rule needs."), field=f"{at}.needs")
        return
    if rule.needs or not rule.last_editor_counts:
        raise Malformed(
            gettext("A rule by which no approval is needed needs nothing else."),
            field=f"{at}.needs",
        )
    if not rule.when.channels:
        raise Malformed(
            gettext(
                "A rule by which no approval is needed names the channels that it is for, "
                "such as portal."
            ),
            field=f"{at}.when.channels",
        )


def _when(document: Any, at: str) -> When:
    fields = _fields(document, at, *LISTS, *SIZES)
    lists = {
        name: values
        for name in LISTS
        if (values := _texts(fields.get(name, []), f"{at}.{name}", KNOWN.get(name)))
    }
    sizes = {
        name: _number(fields[name], f"{at}.{name}", 2_000)
        for name in SIZES
        if fields.get(name)
    }
    if 0 < sizes.get("items_at_most", 0) < sizes.get("items_at_least", 0):
        raise Malformed(
            gettext("No change is that small and that large."),
            field=f"{at}.items_at_most",
        )
    return When(lists=lists, **sizes)


def _needs(documents: Any, at: str) -> tuple[Need, ...]:
    if not isinstance(documents, list) or len(documents) > MOST:
        raise Malformed(
            gettext("Give a list of at most %(limit)s.") % {"limit": MOST}, field=at
        )
    needs = []
    for index, one in enumerate(documents):
        fields = _fields(one, f"{at}.{index}", "approvals", "groups", "owners")
        needs.append(
            Need(
                _number(fields.get("approvals", 1), f"{at}.{index}.approvals", MOST),
                _texts(fields.get("groups", []), f"{at}.{index}.groups"),
                _yes_or_no(fields.get("owners", False), f"{at}.{index}.owners"),
            )
        )
    return tuple(needs)


def _fields(document: Any, at: str, *known: str) -> Document:
    if not isinstance(document, dict):
        raise Malformed(gettext("Give an object."), field=at)
    for name in document:
        if name not in known:
            raise Malformed(
                gettext("There is no such field. Known are %(known)s.")
                % {"known": ", ".join(known)},
                field=f"{at}.{name}",
            )
    return document


def _text(value: Any, at: str, limit: int = VALUE_LIMIT) -> str:
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise Malformed(gettext("Give a text."), field=at)
    if len(value) > limit:
        raise Malformed(
            gettext("Use at most %(limit)s characters.") % {"limit": limit}, field=at
        )
    return value.strip()


def _texts(
    values: Any, at: str, known: frozenset[str] | None = None
) -> tuple[str, ...]:
    if not isinstance(values, list) or len(values) > VALUES_LIMIT:
        raise Malformed(
            gettext("Give a list of at most %(limit)s texts.")
            % {"limit": VALUES_LIMIT},
            field=at,
        )
    texts = _once(_text(one, at) for one in values)
    for one in texts:
        if known is not None and one not in known:
            raise Malformed(
                gettext("%(one)r is unknown. Known are %(known)s.")
                % {"one": one, "known": ", ".join(sorted(known))},
                field=at,
            )
    return texts


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _number(value: Any, at: str, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise Malformed(
            gettext("Give a number from 1 to %(most)s.") % {"most": most}, field=at
        )
    return value


def _yes_or_no(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise Malformed(gettext("Give true or false."), field=at)
    return value
