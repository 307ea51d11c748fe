"""The desk's own rules for what may be asked for, read from the environment's texts.

Each raises ImproperlyConfigured for a text that cannot be meant.
"""

import re

from django.core.exceptions import ImproperlyConfigured

from gateway.hosts import Place

# What is no name and no public address (portal/changes/checks/destinations.py).
PLACES = frozenset({Place.METADATA, Place.LOOPBACK, Place.LINK_LOCAL, Place.PRIVATE})


def blocked_destinations(text: str) -> frozenset[str]:
    """Return the kinds of address that no change may make a gateway call."""
    places = frozenset(listed(text))
    if unknown := places - PLACES:
        raise ImproperlyConfigured(
            f"CHECK_BLOCKED_DESTINATIONS names {', '.join(sorted(unknown))}, which is no "
            f"kind of address. Use a comma list of {', '.join(sorted(PLACES))}."
        )
    return places


def name_pattern(text: str) -> re.Pattern[str] | None:
    """Return what a new name must match, whole; None: any."""
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise ImproperlyConfigured(
            f"NAME_PATTERN is no regular expression: {error}. Mend or unset it."
        ) from None


def listed(text: str) -> list[str]:
    """Return the members of a comma list, each once."""
    return list(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))
