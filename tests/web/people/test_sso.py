"""Single sign-on with a real provider over HTTP: whose account it opens, and whose not."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import Group
from django.core.cache import caches
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from gateway.models import Gateway
from portal.accounts.models import Identity, Person, Session
from portal.accounts.session_store import SIGNED_IN_AT
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest, Review
from tests.factories import Cast
from tests.servers.oidc import CLIENT, SECRET, Provider, provider
from tests.web.conftest import sign_in

RILEY = {
    "sub": "riley-there",
    "email": "riley@example.com",
    "email_verified": True,
    "preferred_username": "riley",
}
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@pytest.fixture
def idp(settings: Settings) -> Iterator[Provider]:
    caches["local"].clear()
    with provider() as running:
        settings.OIDC_ISSUER = running.issuer
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
        settings.OIDC_NAME = "Example"
        yield running


def come_back(
    client: Client, idp: Provider, where: str = "/accounts/sso/", **sent: str
) -> Any:
    """Go to the provider, agree there, and come back."""
    page = client.post(where, sent).content.decode()
    address = re.search(r'<a [^>]*href="([^"]+)">Go on<', page)
    assert address, page
    query = urlsplit(html.unescape(address[1])).query
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    back = idp.let_in(asked)
    return client.get(back.replace("http://localhost:5000", ""))


def test_who_is_linked_comes_in_and_is_led_on(people: Cast, idp: Provider) -> None:
    Identity.objects.create(
        person=people.riley, issuer=idp.issuer, subject="riley-there"
    )
    idp.claims = RILEY | {"email": "renamed@example.com"}
    client = Client()

    done = come_back(client, idp, next="/audit/")

    assert done["Location"] == "/audit/"
    assert client.get("/audit/").status_code == 200
    assert Session.objects.get(person=people.riley).way == "single sign-on"
    event = AuditEvent.objects.get()
    assert (event.event, event.actor) == ("person.signed_in", "riley")


@pytest.mark.parametrize(
    ("minutes_ago", "status"),
    [(None, 403), (20, 403), (5, 200), (-1, 200)],
    ids=["not told", "long ago", "lately", "by a clock that is ahead"],
)
def test_coming_in_proves_what_the_provider_asked_and_no_more(
    people: Cast, idp: Provider, minutes_ago: int | None, status: int
) -> None:
    Identity.objects.create(
        person=people.riley, issuer=idp.issuer, subject="riley-there"
    )
    asked_at = timezone.now() - timedelta(minutes=minutes_ago or 0)
    idp.claims = RILEY | (
        {} if minutes_ago is None else {"auth_time": int(asked_at.timestamp())}
    )
    client = Client()

    assert come_back(client, idp).status_code == 302

    assert client.get("/accounts/security/app/").status_code == status


def test_a_stranger_gets_no_account_by_default(people: Cast, idp: Provider) -> None:
    idp.claims = RILEY

    done = come_back(Client(), idp)

    assert done.status_code == 403
    assert "you have no account here" in html.unescape(done.content.decode())
    assert not Identity.objects.exists()
    failed = AuditEvent.objects.get()
    assert failed.details["step"] == "single sign-on"


def test_a_stranger_gets_an_account_without_a_role_by_setting(
    people: Cast, idp: Provider, settings: Settings
) -> None:
    settings.OIDC_CREATE_ACCOUNTS = True
    idp.claims = RILEY

    come_back(Client(), idp)

    made = Identity.objects.get().person
    assert made.username == "riley2", "never the account that is here already"
    assert not made.has_usable_password()
    assert not made.memberships.exists()
    assert not made.is_staff
    assert [event.event for event in AuditEvent.objects.order_by("number")] == [
        "person.created",
        "person.identity_linked",
        "person.signed_in",
    ]
    come_back(Client(), idp)
    assert Person.objects.filter(username__startswith="riley").count() == 2


@pytest.mark.parametrize(
    ("setting", "claims", "opens"),
    [
        (False, {}, False),
        (True, {}, True),
        (True, {"email_verified": False}, False),
        (True, {"email_verified": "true"}, False),
        (True, {"email": "admin@example.com"}, False),
        (True, {"email": "nobody@example.com"}, False),
        (True, {"email": ""}, False),
    ],
    ids=["off", "on", "unproved", "no-boolean", "superuser", "unknown", "none"],
)
def test_an_address_opens_an_account_only_when_proved_and_by_setting(
    people: Cast,
    idp: Provider,
    settings: Settings,
    setting: bool,
    claims: dict[str, Any],
    opens: bool,
) -> None:
    settings.OIDC_LINK_BY_EMAIL = setting
    idp.claims = RILEY | claims

    done = come_back(Client(), idp)

    assert (done.status_code == 302) is opens
    assert Identity.objects.filter(person=people.riley).exists() is opens
    assert Identity.objects.count() == opens


def test_an_address_given_to_another_opens_the_account_no_more(
    people: Cast, idp: Provider, settings: Settings
) -> None:
    settings.OIDC_LINK_BY_EMAIL = True
    Identity.objects.create(person=people.riley, issuer=idp.issuer, subject="the-first")
    idp.claims = RILEY

    assert come_back(Client(), idp).status_code == 403
    assert Identity.objects.count() == 1


def test_who_is_switched_off_stays_outside(people: Cast, idp: Provider) -> None:
    Identity.objects.create(
        person=people.riley, issuer=idp.issuer, subject="riley-there"
    )
    Person.objects.filter(pk=people.riley.pk).update(is_active=False)
    idp.claims = RILEY

    assert come_back(Client(), idp).status_code == 403
    assert not Session.objects.exclude(person=None).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"azp": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"sub": ""},
    ],
    ids=str,
)
def test_a_token_that_is_not_ours_opens_nothing(
    people: Cast, idp: Provider, wrong: dict[str, Any]
) -> None:
    Identity.objects.create(
        person=people.riley, issuer=idp.issuer, subject="riley-there"
    )
    idp.claims, idp.wrong = RILEY, wrong

    assert come_back(Client(), idp).status_code in {400, 403}
    assert not Session.objects.exclude(person=None).exists()


def test_one_for_several_opens_where_it_was_given_to_us(
    people: Cast, idp: Provider
) -> None:
    Identity.objects.create(
        person=people.riley, issuer=idp.issuer, subject="riley-there"
    )
    idp.claims, idp.wrong = RILEY, {"aud": [CLIENT, "another"], "azp": CLIENT}

    assert come_back(Client(), idp).status_code == 302


def test_a_token_that_another_signed_opens_nothing(people: Cast, idp: Provider) -> None:
    Identity.objects.create(
        person=people.riley, issuer=idp.issuer, subject="riley-there"
    )
    idp.claims = RILEY
    idp.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert come_back(Client(), idp).status_code == 400
    idp.signs_with, idp.algorithm = SECRET.ljust(32), "HS256"
    assert come_back(Client(), idp).status_code == 400
    idp.signs_with, idp.algorithm = None, "none"
    assert come_back(Client(), idp).status_code == 400

    assert not Session.objects.exclude(person=None).exists()


def test_an_answer_ends_only_the_sign_in_that_was_begun_here(
    people: Cast, idp: Provider
) -> None:
    Identity.objects.create(
        person=people.riley, issuer=idp.issuer, subject="riley-there"
    )
    idp.claims = RILEY
    mine, other = Client(), Client()
    mine.post("/accounts/sso/")

    # Somebody else's answer, pressed on me: another state, or none at all.
    for client in (mine, other):
        forged = client.get("/accounts/sso/callback/?code=x&state=y")
        assert forged.status_code == 400
    assert other.get("/accounts/sso/callback/").status_code == 400
    assert not Session.objects.exclude(person=None).exists()


def test_a_provider_that_is_down_is_said_so(people: Cast, settings: Settings) -> None:
    caches["local"].clear()
    settings.OIDC_ISSUER = "http://127.0.0.1:1"

    done = Client().post("/accounts/sso/")

    assert done.status_code == 503
    assert "cannot be reached" in done.content.decode()
    settings.OIDC_ISSUER = ""
    assert Client().post("/accounts/sso/").status_code == 404


def test_groups_are_those_that_the_provider_names(
    people: Cast, idp: Provider, settings: Settings
) -> None:
    settings.OIDC_GROUPS_CLAIM = "groups"
    settings.OIDC_GROUPS = {"apisix-ops": "operators", "apisix-sec": "security"}
    operators, security, own = (
        Group.objects.create(name=name) for name in ("operators", "security", "own")
    )
    people.riley.groups.add(security, own)
    Identity.objects.create(
        person=people.riley, issuer=idp.issuer, subject="riley-there"
    )
    idp.claims = RILEY
    # Some tell groups only when asked.
    idp.userinfo = {"sub": "riley-there", "groups": ["apisix-ops", "everyone"]}

    come_back(Client(), idp)

    assert set(people.riley.groups.all()) == {operators, own}
    events = AuditEvent.objects.order_by("number").values_list("event", "actor")
    assert list(events)[:2] == [
        ("group.joined", "Gatehouse itself"),
        ("group.left", "Gatehouse itself"),
    ]


def test_somebody_links_their_account_and_parts_it_again(
    people: Cast, idp: Provider
) -> None:
    idp.claims = RILEY | {"email": "else@example.com"}
    client = sign_in(people.riley)

    done = come_back(client, idp, "/accounts/sso/link/")

    assert done["Location"] == "/accounts/security/"
    identity = Identity.objects.get(person=people.riley)
    assert idp.issuer in client.get("/accounts/security/").content.decode()
    # It is riley's now: omar cannot have it, too.
    taken = come_back(sign_in(people.omar), idp, "/accounts/sso/link/")
    assert taken.status_code == 403
    client.post(f"/accounts/sso/{identity.pk}/unlink/")
    assert not Identity.objects.exists()


def test_who_has_no_password_confirms_at_the_provider_and_loses_no_word(
    people: Cast,
    idp: Provider,
    settings: Settings,
    gateway: Gateway,
    change: ChangeRequest,
) -> None:
    settings.REAUTHENTICATE_FOR_PRODUCTION = 10
    Gateway.objects.update(environment="production")
    people.riley.set_unusable_password()
    people.riley.save()
    Identity.objects.create(
        person=people.riley, issuer=idp.issuer, subject="riley-there"
    )
    idp.claims = RILEY
    riley = sign_in(people.riley)
    session = riley.session
    session[SIGNED_IN_AT] = (timezone.now() - timedelta(minutes=11)).isoformat()
    session.save()
    revision = change.latest_revision()
    words = 'Not "so" & not now.'

    asked = riley.post(
        f"/changes/{change.pk}/reject/",
        {"revision": revision.number, "digest": revision.digest, "comment": words},
    )
    assert "Confirm with Example" in asked.content.decode()
    carried = hidden(asked)
    idp.wrong = {"auth_time": 1}
    assert come_back(riley, idp, "/accounts/sso/confirm/", **carried).status_code == 403
    settings.OIDC_CREATE_ACCOUNTS = True
    idp.wrong = {"sub": "somebody-else"}
    assert come_back(riley, idp, "/accounts/sso/confirm/", **carried).status_code == 403
    assert Identity.objects.count() == 1, "confirming makes nobody an account"
    idp.wrong = {}
    shown = come_back(riley, idp, "/accounts/sso/confirm/", **carried)
    assert shown.status_code == 200
    done = riley.post(f"/changes/{change.pk}/reject/", hidden(shown))

    assert done.status_code == 302
    assert Review.objects.get().comment == words


def hidden(page: Any) -> dict[str, str]:
    return {
        name: html.unescape(value)
        for name, value in HIDDEN.findall(page.content.decode())
    }
