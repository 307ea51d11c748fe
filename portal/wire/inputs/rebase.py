"""The body that rebases a change."""

from gateway.three_way import Side
from portal.wire.inputs.fields import Choice, Free, Strict


class RebaseBody(Strict):
    """Join a change with what is live now."""

    choices = Free(
        child=Choice([side.value for side in Side]),
        required=False,
        help_text="For each collision, by its `choice`: mine, what the change wants, or "
        "theirs, what is live.",
    )
