"""Whether a rule fits a change. Pure.

A rule that needs approvals fits when one item fits all of it: any of the item's hosts,
URIs, labels and plugins will do; an item that may answer for any host fits each, and one
that takes others' plugins than before fits any plugin. A rule by which nothing is needed
fits when every item does with all that it has.
"""

from collections.abc import Iterable

from portal.changes.ownership import before_wild
from portal.changes.rules.facts import Facts, ItemFacts
from portal.changes.rules.rule import Rule, When


def fits(rule: Rule, facts: Facts) -> bool:
    """Say whether the rule fits the change."""
    if not _fits_there(rule.when, facts):
        return False
    if rule.no_approval:
        return _fits_wholly(rule, facts)
    return _fits_items(rule, facts, facts.items)


def _fits_there(when: When, facts: Facts) -> bool:
    """Say whether it fits a change of this size on this gateway."""
    size = len(facts.items)
    if when.gateways and facts.gateway not in when.gateways:
        return False
    if when.environments and not _in_environment(facts.environment, when.environments):
        return False
    if when.items_at_least and size < when.items_at_least:
        return False
    return not (when.items_at_most and size > when.items_at_most)


def _fits_items(rule: Rule, facts: Facts, items: Iterable[ItemFacts]) -> bool:
    when = rule.when
    return (
        _share(when.channels, facts.channels)
        and _share(when.findings, facts.findings)
        and any(_fits_in_part(when, item) for item in items)
    )


def fits_by_reach(rule: Rule, facts: Facts) -> bool:
    """Say whether a rule that needs approvals fits what routes need of a change.

    Of a change that was decided on, as it was then.
    """
    if facts.reached is not None:
        return rule.name in facts.reached
    when = rule.when
    if rule.no_approval or not (when.hosts or when.uris):
        return False
    return _fits_there(when, facts) and _fits_items(rule, facts, facts.reaching())


def _in_environment(environment: str, wanted: Iterable[str]) -> bool:
    return environment.lower() in {one.lower() for one in wanted}


def _share(wanted: tuple[str, ...], has: frozenset[str]) -> bool:
    return not wanted or not has.isdisjoint(wanted)


def _fits_in_part(when: When, item: ItemFacts) -> bool:
    return (
        (not when.kinds or item.kind in when.kinds)
        and (not when.actions or item.action in when.actions)
        and (
            not when.hosts
            or item.is_open
            or any(_meet_host(a, b) for a in when.hosts for b in item.hosts)
        )
        and (
            not when.uris or any(_meet_uri(a, b) for a in when.uris for b in item.uris)
        )
        and _share(when.labels, frozenset().union(*item.labels))
        and (item.takes_others_plugins or _share(when.plugins, item.plugins))
    )


def _fits_wholly(rule: Rule, facts: Facts) -> bool:
    when = rule.when
    if facts.has_warning and not rule.despite_warnings:
        return False
    if facts.is_production and not when.environments:
        return False
    return (
        bool(facts.items)
        and facts.channels <= set(when.channels)
        and (not when.findings or facts.findings <= set(when.findings))
        and all(_whole_item_fits(when, item) for item in facts.items)
    )


def _whole_item_fits(when: When, item: ItemFacts) -> bool:
    return (
        (not when.kinds or item.kind in when.kinds)
        and (not when.actions or item.action in when.actions)
        and (
            not when.hosts
            or (
                not item.is_open
                and bool(item.hosts)
                and all(any(_within_host(a, b) for a in when.hosts) for b in item.hosts)
            )
        )
        and (
            not when.uris
            or (
                bool(item.uris)
                and all(any(_within_uri(a, b) for a in when.uris) for b in item.uris)
            )
        )
        and (
            not when.labels
            or (bool(item.labels) and all(_share(when.labels, o) for o in item.labels))
        )
        and (
            not when.plugins
            or (item.changes_plugins_alone and item.plugins <= set(when.plugins))
        )
    )


def _within_host(rule: str, host: str) -> bool:
    """Say whether every host that `host` stands for is one of the rule's."""
    rule = rule.lower()
    if rule.startswith("*"):
        return host.endswith(rule[1:])
    return host == rule


def _meet_host(rule: str, host: str) -> bool:
    """Say whether a host is both."""
    rule = rule.lower()
    return _within_host(rule, host) or (
        host.startswith("*") and rule.lstrip("*").endswith(host[1:])
    )


def _within_uri(rule: str, uri: str) -> bool:
    """Say whether every address that `uri` stands for begins as the rule says."""
    return before_wild(uri)[0].startswith(rule.rstrip("*"))


def _meet_uri(rule: str, uri: str) -> bool:
    """Say whether an address is both."""
    start, is_pattern = before_wild(uri)
    prefix = rule.rstrip("*")
    return start.startswith(prefix) or (is_pattern and prefix.startswith(start))
