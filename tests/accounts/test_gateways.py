"""Adding, changing and retiring gateways."""

from contextlib import suppress
from typing import Any

import pytest

from gateway.models import Gateway, KeyNotHere
from portal.accounts.errors import (
    Malformed,
    NotAllowed,
    NotVisible,
    OwnProposal,
    PolicyMoved,
)
from portal.accounts.gateways import GatewaySettings, change_gateway, create_gateway
from portal.accounts.memberships import grant
from portal.accounts.models import Membership, Person, PolicyChange, PolicyState
from portal.accounts.policy.deciding import accept_policy, propose_policy
from portal.accounts.roles import Role
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.changes.retire import retire_gateway
from tests.accounts.conftest import KEY
from tests.accounts.policy.test_deciding import race
from tests.actors import present
from tests.factories import Cast, make_gateway, make_person

OTHER_KEY = "another-key-of-the-same-gateway"


def test_a_changed_address_takes_the_key_away_and_says_so(
    people: Cast, gateway: Gateway
) -> None:
    gateway.admin_url = "http://evil.example:9180"

    change_gateway(
        gateway, fields=["admin_url"], reason="It moved.", actor=present(people.admin)
    )

    gateway.refresh_from_db()
    with pytest.raises(KeyNotHere):
        gateway.admin_key()
    fields = AuditEvent.objects.get(event="gateway.changed").details["fields"]
    assert "admin_url" in fields
    assert any("cleared" in field for field in fields)


def test_an_administrator_of_one_gateway_manages_that_one_only(
    people: Cast, gateway: Gateway
) -> None:
    other = make_gateway("other")
    ada = make_person("ada", Role.ADMINISTRATOR, gateway=gateway)

    change_gateway(gateway, fields=["title"], actor=present(ada))
    with pytest.raises(NotVisible, match="other"):
        change_gateway(other, fields=["title"], actor=present(ada))
    with pytest.raises(NotAllowed):
        grant(
            Membership(person=ada, role=Role.ADMINISTRATOR),
            reason="So.",
            actor=present(ada),
        )


def test_a_gateway_is_retired_once(people: Cast, gateway: Gateway) -> None:
    for _ in range(2):
        with suppress(PolicyMoved):
            retire_gateway(gateway, reason="Gone.", actor=present(people.admin))

    assert AuditEvent.objects.filter(event="gateway.retired").count() == 1
    assert list(Gateway.objects.in_service()) == []


SAME = [
    "http://apisix.example:9180",
    "http://APISIX.example.:9180/",
    "https://apisix.example:9180",
    "http://apisix.example:9180/elsewhere/..",
]


class TestOneAddress:
    """A second row of other rules would be a way past those of the first."""

    @pytest.mark.parametrize("url", SAME)
    def test_is_given_to_no_second_gateway(self, people: Cast, url: str) -> None:
        make_gateway("shop", admin_url=SAME[0], environment="production")
        other = make_gateway("other", admin_url="http://apisix.example:9181")
        dev = Gateway(slug="dev", title="Dev", admin_url=url, environment="dev")
        moved: dict[str, Any] = {"reason": "It moved.", "actor": present(people.admin)}

        with pytest.raises(Malformed, match="Gateway shop has this host") as added:
            create_gateway(dev, admin_key=KEY, actor=present(people.admin))
        other.admin_url = url
        with pytest.raises(Malformed, match="Gateway shop has this host") as changed:
            change_gateway(other, fields=["admin_url"], **moved)

        assert (added.value.field, changed.value.field) == ("admin_url", "admin_url")
        assert Gateway.objects.count() == 2
        assert (
            Gateway.objects.get(pk=other.pk).admin_url == "http://apisix.example:9181"
        )

    def test_of_a_retired_one_is_free_and_its_own_is_its_own(
        self, people: Cast
    ) -> None:
        shop = make_gateway("shop", admin_url=SAME[0])
        shop.admin_url = SAME[2]
        moved: dict[str, Any] = {"reason": "TLS.", "actor": present(people.admin)}
        change_gateway(shop, fields=["admin_url"], **moved)
        retire_gateway(shop, reason="Gone.", actor=present(people.admin))

        new = Gateway(slug="new", title="New", admin_url=SAME[0])
        create_gateway(new, admin_key=KEY, actor=present(people.admin))

        assert Gateway.objects.in_service().get() == new

    def test_that_was_given_meanwhile_is_not_accepted(self, people: Cast) -> None:
        ada = make_person("ada", Role.ADMINISTRATOR)
        one, two = (
            make_gateway(slug, admin_url=f"http://{slug}.example:9180")
            for slug in ("one", "two")
        )
        asked = []
        for gateway in (one, two):
            gateway.admin_url = SAME[0]
            moved: dict[str, Any] = {"reason": "It moved.", "actor": present(ada)}
            asked.append(change_gateway(gateway, fields=["admin_url"], **moved))
        first, second = asked
        assert first
        assert second
        accept_policy(first, actor=present(people.admin))

        with pytest.raises(Malformed, match="Gateway one has this host"):
            accept_policy(second, actor=present(people.admin))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
def test_of_two_who_add_one_address_at_once_one_is_refused(each_database: str) -> None:
    ada, ben = (make_person(name, Role.ADMINISTRATOR) for name in ("ada", "ben"))
    rows = [Gateway(slug=slug, title="New", admin_url=SAME[0]) for slug in "ab"]

    answers = race(
        lambda: create_gateway(rows[0], admin_key=KEY, actor=present(ada)),
        lambda: create_gateway(rows[1], admin_key=KEY, actor=present(ben)),
    )

    assert [type(one) for one in answers].count(Malformed) == 1
    assert Gateway.objects.count() == 1


class TestByTwo:
    @pytest.fixture
    def ada(self, people: Cast) -> Person:
        return make_person("ada", Role.ADMINISTRATOR)

    def ask(self, gateway: Gateway, by: Person, key: str = "", **fields: Any) -> Any:
        for name, value in fields.items():
            setattr(gateway, name, value)
        return change_gateway(
            gateway,
            fields=fields,
            admin_key=key,
            reason="It moved.",
            actor=present(by),
        )

    @pytest.mark.parametrize("by", ["admin", "ada"])
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("admin_url", "http://elsewhere.example:9180"),
            ("approvals_required", 1),
            ("ca_bundle", "  \n"),
            ("environment", "dev"),
            ("verify_tls", False),
        ],
    )
    def test_nobody_moves_a_gateway_alone_not_even_a_superuser(
        self, people: Cast, ada: Person, by: str, name: str, value: object
    ) -> None:
        gateway = make_gateway(
            "edge", environment="production", approvals_required=2, admin_key=KEY
        )
        before = getattr(gateway, name)
        asker = people.admin if by == "admin" else ada

        change = self.ask(gateway, asker, title="Edge", **{name: value})
        with pytest.raises(OwnProposal):
            accept_policy(change, actor=present(asker))

        kept = Gateway.objects.get(pk=gateway.pk)
        assert getattr(kept, name) == before == getattr(gateway, name)
        # The rest of the form counts at once.
        assert kept.title == gateway.title == "Edge"
        assert kept.admin_key() == KEY

    def test_the_other_accepts_an_address_and_the_key_goes(
        self, people: Cast, gateway: Gateway, ada: Person
    ) -> None:
        change = self.ask(gateway, ada, admin_url="http://new.example:9180")
        assert gateway.admin_key() == KEY

        accept_policy(change, actor=present(people.admin))

        gateway.refresh_from_db()
        assert gateway.admin_url == "http://new.example:9180"
        assert not gateway.sealed_admin_key
        told = AuditEvent.objects.get(event="gateway.changed")
        assert (told.actor, told.subject_type) == ("admin", "gateway")
        assert told.details["admin_url"]["to"] == "http://new.example:9180"

        self.ask(gateway, ada, key=OTHER_KEY)
        assert Gateway.objects.get(pk=gateway.pk).admin_key() == OTHER_KEY

    def test_a_key_goes_to_no_address_that_waits_and_stands_nowhere(
        self, people: Cast, gateway: Gateway, ada: Person
    ) -> None:
        with pytest.raises(Malformed) as refused:
            self.ask(gateway, ada, OTHER_KEY, admin_url="http://new.example:9180")
        assert refused.value.field == "admin_key"
        assert not PolicyChange.objects.exists()
        gateway.refresh_from_db()

        # Of the same origin the key is the same gateway's.
        change = self.ask(gateway, ada, OTHER_KEY, admin_url=f"{gateway.admin_url}/x")

        assert Gateway.objects.get(pk=gateway.pk).admin_key() == OTHER_KEY
        stored = [vars(event) for event in AuditEvent.objects.all()]
        for text in (change.base, change.wanted, stored):
            assert OTHER_KEY not in str(text)

    def test_what_is_no_setting_is_refused_by_its_name(
        self, people: Cast, gateway: Gateway, ada: Person
    ) -> None:
        for name, value in (
            ("admin_url", "ftp://x"),
            ("approvals_required", 0),
            ("ca_bundle", "no PEM"),
            ("verify_tls", "perhaps"),
            ("title", "Two people?"),
        ):
            with pytest.raises(Malformed) as refused:
                propose_policy(
                    "gateway_settings",
                    {name: value},
                    scope=gateway,
                    reason="It moved.",
                    actor=present(ada),
                )
            assert refused.value.field == name

    def test_every_point_is_said_in_words(
        self, people: Cast, gateway: Gateway, ada: Person
    ) -> None:
        change = self.ask(
            gateway,
            ada,
            admin_url="http://new.example:9180",
            approvals_required=3,
            environment="production",
            verify_tls=False,
        )

        said = " ".join(GatewaySettings().sentences(change.base, change.wanted))
        for words in ("http://new.example:9180", "3 approvals", "“production”", "TLS"):
            assert words in said

    def test_it_is_retired_by_two_and_what_waited_there_goes(
        self, people: Cast, gateway: Gateway, ada: Person
    ) -> None:
        waits = self.ask(gateway, ada, environment="dev")
        change = retire_gateway(gateway, reason="Gone.", actor=present(ada))
        assert Gateway.objects.in_service().exists()

        accept_policy(change, actor=present(people.admin))

        assert not Gateway.objects.in_service().exists()
        waits.refresh_from_db()
        assert (waits.state, waits.decided_by) == (PolicyState.WITHDRAWN, people.admin)
        assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestAtTheSameMoment:
    def test_of_two_addresses_accepted_at_once_one_counts(self) -> None:
        gateway = make_gateway(admin_key=KEY)
        ada, ben = (make_person(name, Role.ADMINISTRATOR) for name in ("ada", "ben"))
        changes = []
        for by, host in ((ada, "a"), (ben, "b")):
            gateway.admin_url = f"http://{host}.example:9180"
            changes.append(
                change_gateway(
                    gateway, fields=["admin_url"], reason="Moved.", actor=present(by)
                )
            )
        mine, theirs = (change for change in changes if change)

        def rename() -> None:
            renamed = Gateway.objects.get()
            renamed.title = "Renamed"
            change_gateway(renamed, fields=["title"], actor=present(ada))

        answers = race(
            lambda: accept_policy(mine, actor=present(ben)),
            rename,
            lambda: accept_policy(theirs, actor=present(ada)),
        )

        assert [type(one) for one in answers].count(PolicyMoved) == 1
        kept = Gateway.objects.get()
        assert kept.admin_url in ("http://a.example:9180", "http://b.example:9180")
        assert (kept.title, kept.sealed_admin_key) == ("Renamed", None)
        assert list(problems()) == []
