"""The demo's people: made only by `make run`, never on a real desk."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from portal.accounts.actor import Actor
from portal.accounts.models import ApiToken, Membership, Person, Scope
from portal.accounts.roles import Role
from portal.accounts.tokens import issue
from portal.audit.events import Event
from portal.audit.ledger import record

CAST: dict[str, Role] = {
    "alice": Role.AUTHOR,
    "riley": Role.REVIEWER,
    "omar": Role.OPERATOR,
    "audrey": Role.AUDITOR,
}
SUPERUSER = "admin"


@transaction.atomic
def create_demo_people(*, password: str, token: str) -> None:
    """Make the demo's cast with one password, and alice's token.

    Existing people keep their password and roles; running it twice changes nothing.
    """
    if not settings.DEMO:
        raise ImproperlyConfigured("Demo people exist only under `make run`.")
    actor = Actor.system("demo")
    for name in [*CAST, SUPERUSER]:
        person, is_new = Person.objects.get_or_create(
            username=name,
            defaults={
                "first_name": name.capitalize(),
                "email": f"{name}@example.com",
                "is_superuser": name == SUPERUSER,
                # The auditor reads the Django admin; staff sees what permissions allow.
                "is_staff": name in {SUPERUSER, "audrey"},
            },
        )
        if not is_new:
            continue
        person.set_password(password)
        person.save(update_fields=["password"])
        if role := CAST.get(name):
            Membership.objects.create(person=person, role=role)
        record(
            Event.PERSON_CREATED, actor=actor, subject=person, role=role or "superuser"
        )
    alice = Person.objects.get(username="alice")
    if not ApiToken.objects.filter(hash=ApiToken.hash_of(token)).exists():
        made, _ = issue(
            alice,
            name="demo",
            scopes=[Scope.READ, Scope.PROPOSE],
            days=None,
            secret=token,
        )
        record(Event.TOKEN_CREATED, actor=actor, subject=made, owner="alice")
