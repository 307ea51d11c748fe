"""Why an operation on a change was refused: a code for programs, words for people.

GatehouseError
└── ChangeError
    ├── Malformed           400  the request makes no sense as asked
    ├── NoSuchChange        404
    ├── NoSuchResource      404  the live gateway does not hold it
    ├── NoSuchRecipe        404
    ├── WrongState          409  the change does not allow this now
    ├── StaleRevision       409  a newer revision exists
    ├── AlreadyReviewed     409  this person decided on this revision
    ├── WouldNotCount       409  an approval that no rule asks this person for
    ├── NotHarmless         409  to be decided on by itself, not with others
    ├── NothingToChange     409  the gateway holds what was asked for already
    ├── RecipeDoesNotFit    409  the route as it is does not allow the recipe
    ├── KeyReused           409  idempotency key used for another request
    ├── Collides            409  others changed the same; `collisions` in `extra`
    ├── CannotRollBack      409  `reasons` in `extra`
    ├── TooSlowToTry        409  the gateway's patterns take too long on this request
    ├── SelfReview          403  four eyes
    ├── NotYours            403  somebody else's change
    ├── NotOwned            403  another team's part of the gateway; `findings` in `extra`
    ├── Blocked             422  a blocker stands; `findings` in `extra`
    ├── GatewayDown         503  nothing was stored; ask again later
    └── Busy                503  others do the same; nothing was stored
"""

from portal.errors import GatehouseError


class ChangeError(GatehouseError):
    """Base of everything an operation on a change raises."""


class Malformed(ChangeError):
    code = "malformed"
    status = 400


class NoSuchChange(ChangeError):
    code = "not_found"
    status = 404


class NoSuchResource(ChangeError):
    code = "not_found"
    status = 404


class NoSuchRecipe(ChangeError):
    code = "not_found"
    status = 404


class WrongState(ChangeError):
    code = "wrong_state"
    status = 409


class StaleRevision(ChangeError):
    code = "stale_revision"
    status = 409


class AlreadyReviewed(ChangeError):
    code = "already_reviewed"
    status = 409


class WouldNotCount(ChangeError):
    code = "would_not_count"
    status = 409


class NotHarmless(ChangeError):
    code = "not_harmless"
    status = 409


class NothingToChange(ChangeError):
    code = "nothing_to_change"
    status = 409


class RecipeDoesNotFit(ChangeError):
    code = "recipe_does_not_fit"
    status = 409


class KeyReused(ChangeError):
    code = "idempotency_key_reused"
    status = 409


class Collides(ChangeError):
    code = "collides"
    status = 409


class CannotRollBack(ChangeError):
    code = "cannot_roll_back"
    status = 409


class TooSlowToTry(ChangeError):
    code = "too_slow"
    status = 409


class SelfReview(ChangeError):
    code = "self_review"
    status = 403


class NotYours(ChangeError):
    code = "not_yours"
    status = 403


class NotOwned(ChangeError):
    code = "not_owned"
    status = 403


class Blocked(ChangeError):
    code = "blocked"
    status = 422


class GatewayDown(ChangeError):
    code = "gateway_down"
    status = 503


class Busy(ChangeError):
    code = "busy"
    status = 503
