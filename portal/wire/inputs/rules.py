"""The body that tries the review rules."""

from gateway.kinds import KINDS
from portal.accounts.actor import Channel
from portal.changes.models import Action
from portal.changes.rules.rule import KNOWN
from portal.strict_json import EXACT
from portal.wire.inputs.change import gateway_field
from portal.wire.inputs.fields import Choice, Free, Strict, Whole


class TryRulesBody(Strict):
    """A change, or one item that somebody might ask for."""

    change = Whole(
        required=False, min_value=1, max_value=EXACT, help_text="A change's number."
    )
    gateway = gateway_field()
    channel = Choice(
        [one for one in Channel.values if one in KNOWN["channels"]],
        required=False,
        help_text="By which door, else api.",
    )
    action = Choice(Action.values, required=False, help_text="Else create.")
    kind = Choice(list(KINDS), required=False, help_text="Else route.")
    document = Free(required=False, help_text="Of the resource.")
