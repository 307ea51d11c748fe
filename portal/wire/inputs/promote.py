"""The body that asks for what another gateway holds."""

from rest_framework import serializers

from gateway.kinds import KINDS
from portal.changes.plan import ITEM_LIMIT
from portal.wire.inputs.change import (
    ID_LIMIT,
    key_field,
    reason_field,
    title_field,
)
from portal.wire.inputs.fields import Choice, Flag, Several, Strict, Text, Whole


class PickedBody(Strict):
    """One resource of the source."""

    kind = Choice(sorted(KINDS), help_text="What kind of resource it is.")
    id = Text(max_length=ID_LIMIT, help_text="Its id on the source, and on the target.")


class PromoteBody(Strict):
    """Ask for what another gateway holds: either items or change."""

    items = Several(
        child=PickedBody(),
        required=False,
        allow_empty=False,
        max_length=ITEM_LIMIT,
        help_text="What to promote, as the source holds it now.",
    )
    change = Whole(
        required=False,
        min_value=1,
        help_text="The number of an applied change of the source: promote what it touched.",
    )
    with_references = Flag(
        required=False,
        help_text="Left out: true. Promote what it refers to as well, as far as the target "
        "lacks it.",
    )
    preview = Flag(
        required=False,
        help_text="true: show what it would do (200) and store nothing.",
    )
    reason = reason_field(required=False)
    title = title_field()
    idempotency_key = key_field()

    def get_fields(self) -> dict[str, serializers.Field]:
        # A word that Python keeps for itself.
        source = Text(
            max_length=40, help_text="Slug of the source gateway, see listGateways."
        )
        return {"from": source} | super().get_fields()
