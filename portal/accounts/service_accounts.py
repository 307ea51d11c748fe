"""Service accounts: what programs of a team act as, so that nobody has to lend a name.

A service account is in its team's group, holds what the group holds, and never does
more than read and ask, whatever that is. Nobody signs in as it: it has no password, no
mail address and no second factor. Its tokens are made and ended by people of the team
(tokens.py), and whoever made the token counts as an author of what it files; for a while
so does whoever made the account (vouchings.py).
"""

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction

from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed
from portal.accounts.models import Person, Vouched
from portal.accounts.vouchings import vouch
from portal.audit.events import Event
from portal.audit.ledger import Entry, record


@transaction.atomic
def make_service_account(team: Group, name: str, *, actor: Actor) -> Person:
    """Make one, of a name that nobody has.

    Raises NotPresent for programs, NotAllowed for all but administrators of all
    gateways, and Malformed.
    """
    administrator = actor.require_administrator()
    account = Person(username=name.strip(), team=team)
    account.set_unusable_password()
    try:
        account.full_clean()
    except ValidationError as error:
        raise Malformed(_words(error), field="name") from error
    account.save(force_insert=True)
    account.groups.add(team)
    vouch(administrator, [account], Vouched.MADE)
    record(
        Entry(Event.SERVICE_ACCOUNT_MADE, {"team": team.name}),
        actor=actor,
        subject=account,
    )
    return account


def _words(error: ValidationError) -> str:
    return " ".join(
        message for messages in error.message_dict.values() for message in messages
    )
