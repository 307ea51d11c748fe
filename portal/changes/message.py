"""One sentence about a change that a model can repeat: from its items and state alone.

Title and reason never go in: they are somebody's words, and a model would take them
for ours.
"""

from django.conf import settings

from portal.changes.models import ChangeRequest
from portal.changes.states import EXPLAINED, State


def link(change: ChangeRequest) -> str:
    """Return the page where people read and decide."""
    return f"{settings.PUBLIC_URL}{change.get_absolute_url()}"


def message_for(change: ChangeRequest) -> str:
    """Say where the change stands and what would move it."""
    state = State(change.state)
    summary = change.summary.rstrip(".")
    return (
        f"Change #{change.number} on gateway {change.gateway.slug} ({summary}): "
        f"{state.label.lower()}. {EXPLAINED[state]} See {link(change)}"
    )
