"""All that somebody may do on a gateway, in one query."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import Membership, Person
from portal.accounts.roles import Role, Verb
from tests.factories import make_gateway, make_person

Make = Callable[[], Person]


def in_a_group() -> Person:
    person, group = make_person(), Group.objects.create(name="shop")
    person.groups.add(group)
    Membership.objects.create(group=group, role=Role.REVIEWER)
    return person


def with_fields(role: Role | None = None, **fields: object) -> Make:
    def make() -> Person:
        person = make_person(role=role)
        Person.objects.filter(pk=person.pk).update(**fields)
        person.refresh_from_db()
        return person

    return make


def of_a_team() -> Person:
    team = Group.objects.create(name="team")
    return with_fields(Role.ADMINISTRATOR, team=team)()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "make",
    [
        *(with_fields(role) for role in Role),
        in_a_group,
        of_a_team,
        with_fields(),
        with_fields(is_superuser=True),
        with_fields(Role.AUDITOR, is_superuser=True),
        with_fields(Role.ADMINISTRATOR, is_active=False),
    ],
    ids=[*Role, "group", "service", "nobody", "superuser", "both", "inactive"],
)
@pytest.mark.parametrize("is_retired", [False, True])
def test_they_are_what_each_verb_says(
    make: Make, is_retired: bool, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    gateway = make_gateway(retired_at=timezone.now() if is_retired else None)
    person = make()

    with django_assert_num_queries(1):
        verbs = person.verbs_on(gateway)

    assert verbs == {verb for verb in Verb if person.may(verb, gateway)}
