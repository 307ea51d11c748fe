"""What programs say about drift."""

from rest_framework import serializers

from portal.drift.models import DriftState
from portal.wire.inputs.change import reason_field
from portal.wire.inputs.fields import Choice, Strict
from portal.wire.inputs.query import PageQuery

ACTIONS = ("adopt", "revert", "ignore")


class DriftsQuery(PageQuery):
    """The list of drifts of one gateway."""

    state = serializers.ChoiceField(
        [*DriftState.values, "all"],
        required=False,
        help_text="Only drifts in this state; open, if left out.",
    )


class ResolveBody(Strict):
    """What shall become of a drift, and why."""

    action = Choice(
        ACTIONS,
        help_text="revert files a change that restores what was there. adopt and ignore "
        "are for people, in the portal.",
    )
    reason = reason_field()
