"""Why an operation on a webhook was refused.

GatehouseError
└── WebhookError
    ├── Malformed     400
    └── WrongState    409  it is removed, or the message is on its way
"""

from portal.errors import GatehouseError


class WebhookError(GatehouseError):
    """Base of everything an operation on a webhook raises."""


class Malformed(WebhookError):
    code = "malformed"
    status = 400


class WrongState(WebhookError):
    code = "wrong_state"
    status = 409
