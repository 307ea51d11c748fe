"""What each role may do: one table, asked by every operation."""

from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Verb(StrEnum):
    """Something one may do with the changes of a gateway."""

    READ = "read"
    ASK = "ask"
    DECIDE = "decide"
    OPERATE = "operate"
    ADMINISTER = "administer"
    EXPORT = "export"
    BREAK_GLASS = "break_glass"

    @property
    def words(self) -> str:
        """Say what it lets somebody do, for people."""
        return str(VERB_WORDS[self])


VERB_WORDS: dict[Verb, "StrOrPromise"] = {
    Verb.READ: _("Read gateways, changes and the audit"),
    Verb.ASK: _("Ask for changes and comment"),
    Verb.DECIDE: _("Approve, reject, request changes"),
    Verb.OPERATE: _("Retry, cancel, resolve drift, pass a freeze"),
    Verb.ADMINISTER: _("Change gateways, people and roles"),
    Verb.EXPORT: _("Export, and read all of the audit"),
    Verb.BREAK_GLASS: _("Deliver alone in an emergency"),
}


class Role(models.TextChoices):
    """Roles, each held for one gateway or for all."""

    VIEWER = "viewer", _("Viewer: reads")
    AUTHOR = "author", _("Author: reads and asks")
    REVIEWER = "reviewer", _("Reviewer: asks and decides")
    OPERATOR = "operator", _("Operator: decides, retries and cancels")
    ADMINISTRATOR = (
        "administrator",
        _("Administrator: everything, gateways and roles too"),
    )
    AUDITOR = "auditor", _("Auditor: reads and exports everything, asks nothing")
    EMERGENCY = "emergency", _("Emergency: delivers alone, with a reason")

    @property
    def name_in_words(self) -> str:
        """Return the label's name alone."""
        return str(ROLE_NAMES[self])


ROLE_NAMES: dict[Role, "StrOrPromise"] = {
    Role.VIEWER: _("Viewer"),
    Role.AUTHOR: _("Author"),
    Role.REVIEWER: _("Reviewer"),
    Role.OPERATOR: _("Operator"),
    Role.ADMINISTRATOR: _("Administrator"),
    Role.AUDITOR: _("Auditor"),
    Role.EMERGENCY: _("Emergency"),
}

ALLOWED: dict[Role, frozenset[Verb]] = {
    Role.VIEWER: frozenset({Verb.READ}),
    Role.AUTHOR: frozenset({Verb.READ, Verb.ASK}),
    Role.REVIEWER: frozenset({Verb.READ, Verb.ASK, Verb.DECIDE}),
    Role.OPERATOR: frozenset({Verb.READ, Verb.ASK, Verb.DECIDE, Verb.OPERATE}),
    Role.ADMINISTRATOR: frozenset(Verb) - {Verb.BREAK_GLASS},
    Role.AUDITOR: frozenset({Verb.READ, Verb.EXPORT}),
    # Held besides another role; no other has its verb, not even a superuser.
    Role.EMERGENCY: frozenset({Verb.READ, Verb.BREAK_GLASS}),
}
# What superusers may do everywhere, without a role.
SUPERUSER: frozenset[Verb] = ALLOWED[Role.ADMINISTRATOR]

# What a service account may do at most, whatever it holds.
SERVICE: frozenset[Verb] = frozenset({Verb.READ, Verb.ASK})


def roles_allowing(verb: Verb) -> list[Role]:
    """Return the roles that may do this."""
    return [role for role, verbs in ALLOWED.items() if verb in verbs]
