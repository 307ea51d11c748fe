"""Who comes in the permission matrix, and what the table of roles says they may do."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from portal.accounts.models import Membership, Person
from portal.accounts.presence import SIGNED_IN_AT
from portal.accounts.roles import ALLOWED, SERVICE, SUPERUSER, Role, Verb
from tests.factories import make_person
from tests.permission_table import Anyone, Need

NOBODY, SUPER = "no role", "superuser"
PEOPLE = [*Role, NOBODY, SUPER]
# A service account that holds every role there is, by itself and by its team; and one
# that somebody with the database in hand made staff and superuser besides.
ROBOT, FORGED = "service account", "service account, superuser"
EVERYBODY = [*PEOPLE, ROBOT, FORGED]
REFUSED = (403, 404)


def verbs_of(who: str) -> frozenset[Verb]:
    if who in (ROBOT, FORGED):
        return SERVICE
    if who == SUPER:
        return SUPERUSER
    return ALLOWED[Role(who)] if who in set(Role) else frozenset()


def allowed(need: Need, who: str) -> bool:
    """What the table says: the one place where the matrix is worked out."""
    if isinstance(need, Verb):
        return need in verbs_of(who)
    if need is Anyone.SUPERUSER:
        return who == SUPER
    return need not in (Anyone.OWNER, Anyone.NOBODY)


@contextmanager
def shared_rows(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Keep what is made within for all tests of a module, and undo it then."""
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def come(who: str, *, is_staff: bool = False) -> Person:
    name = who.replace(" ", "-").replace(",", "")
    if who in (ROBOT, FORGED):
        return _service_account(name, forged=who == FORGED)
    if who == SUPER:
        return make_person(name, is_superuser=True, is_staff=is_staff)
    role = Role(who) if who in set(Role) else None
    return make_person(name, role, is_staff=is_staff)


def _service_account(name: str, *, forged: bool) -> Person:
    team = Group.objects.create(name=f"team of {name}")
    account = make_person(name, team=team)
    account.groups.add(team)
    for role in Role:
        Membership.objects.create(person=account, role=role)
        Membership.objects.create(group=team, role=role)
    if forged:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            Person.objects.filter(pk=account.pk).update(
                is_superuser=True, is_staff=True
            )
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
        account.refresh_from_db()
    return account


def browser_of(person: Person) -> Client:
    """Return a browser whose session says that this is who signed in."""
    client = Client()
    client.force_login(person)
    session = client.session
    session[SIGNED_IN_AT] = timezone.now().isoformat()
    session.save()
    return client


def send(client: Client, method: str, address: str, **sent: object) -> HttpResponse:
    """Send it, and undo whatever it did: each is judged on the same desk."""
    with transaction.atomic():
        answer = client.generic(method, address, **sent)
        transaction.set_rollback(True)
    return answer


def is_sent_to_sign_in(answer: HttpResponse) -> bool:
    where = answer.headers.get("Location", "")
    return where.startswith(("/accounts/login/", "/admin/login/"))


def judge(answer: HttpResponse, *, let_in: bool) -> str:
    """Return what is wrong with an answer, "" when nothing is."""
    status = answer.status_code
    if status >= 500 and status != 503:
        return f"{status}"
    return judged(
        str(status),
        was_let_in=status not in REFUSED and not is_sent_to_sign_in(answer),
        let_in=let_in,
    )


def judged(told: str, *, was_let_in: bool, let_in: bool) -> str:
    if was_let_in == let_in:
        return ""
    return f"{told}, {'should be let in' if let_in else 'should be refused'}"
