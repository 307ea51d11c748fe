"""Write down who let whom in, within the transaction of what they did."""

from collections.abc import Iterable

from portal.accounts.models import Person, Vouched, Vouching


def vouch(by: Person, people: Iterable[Person], how: Vouched) -> None:
    """Note that this person did so to each account but their own."""
    Vouching.objects.bulk_create(
        Vouching(by=by, person=person, how=how) for person in people if person != by
    )
