"""What each role may do: one table, asked by every operation."""

from enum import StrEnum

from django.db import models


class Verb(StrEnum):
    """Something one may do with the changes of a gateway."""

    READ = "read"
    ASK = "ask"
    DECIDE = "decide"
    OPERATE = "operate"
    ADMINISTER = "administer"
    EXPORT = "export"


class Role(models.TextChoices):
    """Roles, each held for one gateway or for all."""

    VIEWER = "viewer", "Viewer: reads"
    AUTHOR = "author", "Author: reads and asks"
    REVIEWER = "reviewer", "Reviewer: asks and decides"
    OPERATOR = "operator", "Operator: decides, retries and cancels"
    ADMINISTRATOR = "administrator", "Administrator: everything, gateways and roles too"
    AUDITOR = "auditor", "Auditor: reads and exports everything, asks nothing"


ALLOWED: dict[Role, frozenset[Verb]] = {
    Role.VIEWER: frozenset({Verb.READ}),
    Role.AUTHOR: frozenset({Verb.READ, Verb.ASK}),
    Role.REVIEWER: frozenset({Verb.READ, Verb.ASK, Verb.DECIDE}),
    Role.OPERATOR: frozenset({Verb.READ, Verb.ASK, Verb.DECIDE, Verb.OPERATE}),
    Role.ADMINISTRATOR: frozenset(Verb),
    Role.AUDITOR: frozenset({Verb.READ, Verb.EXPORT}),
}


def roles_allowing(verb: Verb) -> list[Role]:
    """Return the roles that may do this."""
    return [role for role, verbs in ALLOWED.items() if verb in verbs]
