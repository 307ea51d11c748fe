"""What somebody is offered to do with a change."""

from portal.accounts.models import Person
from portal.changes.models import ChangeRequest
from portal.changes.permissions import permissions
from portal.changes.review import approve
from tests.actors import present, program
from tests.factories import Cast


def test_permissions_offer_what_the_operations_allow(
    change: ChangeRequest, people: Cast
) -> None:
    def offered(person: Person) -> set[str]:
        given = permissions(change, actor=present(person))
        return {name for name, value in vars(given).items() if value is True}

    assert offered(people.riley) == {"approve", "reject", "request_changes", "comment"}
    assert offered(people.alice) == {"comment", "withdraw", "revise", "rebase"}
    assert offered(people.audrey) == set()
    assert permissions(change, actor=program(people.riley)).approve is False
    assert permissions(change, actor=present(people.alice)).why_not
    approve(change.latest_revision(), actor=present(people.riley))
    change.refresh_from_db()
    assert offered(people.omar) == {"comment", "cancel"}
