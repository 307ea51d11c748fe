"""Why an operation on a drift was refused.

GatehouseError
└── DriftError
    ├── NoSuchDrift      404
    ├── Malformed        400
    ├── NotStanding      409  it is settled already, or on its way
    └── MovedMeanwhile   409  it is not what the person saw
"""

from portal.errors import GatehouseError


class DriftError(GatehouseError):
    """Base of everything an operation on a drift raises."""


class NoSuchDrift(DriftError):
    code = "not_found"
    status = 404


class Malformed(DriftError):
    code = "malformed"
    status = 400


class NotStanding(DriftError):
    code = "wrong_state"
    status = 409


class MovedMeanwhile(DriftError):
    code = "stale_drift"
    status = 409
