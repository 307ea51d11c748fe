"""The body that asks to undo a change."""

from portal.wire.inputs.change import key_field, reason_field
from portal.wire.inputs.fields import Strict


class RollbackBody(Strict):
    """Undo an applied change."""

    reason = reason_field()
    idempotency_key = key_field()
