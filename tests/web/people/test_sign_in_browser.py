"""Sign-in in a real Chromium: passkeys by an authenticator of DevTools' own, and a
provider of single sign-on.
"""

from collections.abc import Iterator

import pytest
from django.core.cache import cache, caches
from playwright.sync_api import CDPSession, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from portal.accounts.models import Factor, Identity, Session
from portal.audit.models import AuditEvent
from tests.factories import PASSWORD, Cast, make_cast
from tests.servers.oidc import CLIENT, SECRET, provider
from tests.web.axe import violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def people(transactional_db: None) -> Cast:
    cache.clear()
    return make_cast()


@pytest.fixture
def quiet(page: Page) -> Iterator[Page]:
    """A page that must not complain: no script error, nothing the policy refused."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [
        words for words in complaints if "Failed to load resource" not in words
    ] == []


class Authenticator:
    """What asks for a finger: here it always says yes, until it is taken away."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        made = self._session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self._id = made["authenticatorId"]

    def refuse(self) -> None:
        """Let no finger fit from now on."""
        self._session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": self._id, "isUserVerified": False},
        )


def give_password(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/accounts/login/")
    page.get_by_label("Username").fill("riley")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_added_and_signs_in_alone_or_as_second_factor(
    quiet: Page, live_server: LiveServer, people: Cast
) -> None:
    authenticator = Authenticator(quiet)
    give_password(quiet, live_server)
    expect(quiet.get_by_role("navigation", name="Main")).to_be_visible()
    quiet.goto(f"{live_server.url}/accounts/security/")

    quiet.get_by_role("link", name="Add a passkey").click()
    quiet.get_by_label("Name").fill("Work laptop")
    quiet.get_by_role("button", name="Make the passkey").click()
    expect(quiet.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert violations(quiet) == []
    quiet.get_by_role("link", name="I have kept them").click()
    expect(quiet.get_by_role("row", name="Work laptop")).to_be_visible()

    # Alone: no name, no password.
    quiet.context.clear_cookies()
    quiet.goto(f"{live_server.url}/accounts/login/?next=/audit/")
    quiet.get_by_role("button", name="Use a passkey").click()
    expect(quiet.get_by_role("heading", name="Audit", level=1)).to_be_visible()
    assert Session.objects.filter(person=people.riley, way="passkey").count() == 1

    # After the password, which alone opens nothing.
    quiet.context.clear_cookies()
    give_password(quiet, live_server)
    expect(quiet.get_by_role("heading", name="Is it you, riley?")).to_be_visible()
    assert violations(quiet) == []
    quiet.get_by_role("button", name="Use a passkey").click()
    expect(quiet.get_by_role("navigation", name="Main")).to_be_visible()
    ways = AuditEvent.objects.filter(event="person.signed_in").order_by("number")
    assert [event.details["way"] for event in ways] == [
        "password",
        "passkey",
        "password and passkey",
    ]
    assert Factor.objects.get().counter > 0

    # A finger that does not fit opens nothing, and the page says so.
    authenticator.refuse()
    quiet.context.clear_cookies()
    quiet.goto(f"{live_server.url}/accounts/login/")
    quiet.get_by_role("button", name="Use a passkey").click()
    expect(quiet.get_by_text("No passkey was given.")).to_be_visible()
    assert quiet.url == f"{live_server.url}/accounts/login/"


def test_a_passkey_that_was_removed_opens_nothing(
    quiet: Page, live_server: LiveServer, people: Cast
) -> None:
    Authenticator(quiet)
    give_password(quiet, live_server)
    quiet.goto(f"{live_server.url}/accounts/security/passkeys/")
    quiet.get_by_label("Name").fill("Work laptop")
    quiet.get_by_role("button", name="Make the passkey").click()
    quiet.get_by_role("link", name="I have kept them").click()
    quiet.get_by_role("button", name="Remove Work laptop").click()
    expect(quiet.get_by_text("no longer opens your account")).to_be_visible()

    quiet.context.clear_cookies()
    quiet.goto(f"{live_server.url}/accounts/login/")
    quiet.get_by_role("button", name="Use a passkey").click()

    expect(quiet.get_by_text("This passkey opens no account here")).to_be_visible()
    assert not Session.objects.filter(way="passkey").exists()


def test_single_sign_on_leads_to_the_provider_and_back(
    quiet: Page, live_server: LiveServer, people: Cast, settings: Settings
) -> None:
    caches["local"].clear()
    with provider() as idp:
        settings.PUBLIC_URL = live_server.url
        settings.OIDC_ISSUER, settings.OIDC_NAME = idp.issuer, "Example"
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
        idp.claims = {"sub": "riley-there"}
        Identity.objects.create(
            person=people.riley, issuer=idp.issuer, subject="riley-there"
        )
        quiet.goto(f"{live_server.url}/accounts/login/?next=/audit/")
        assert violations(quiet) == []

        quiet.get_by_role("button", name="Continue with Example").click()
        quiet.get_by_role("button", name="I agree").click()

        expect(quiet.get_by_role("heading", name="Audit", level=1)).to_be_visible()
        assert quiet.url == f"{live_server.url}/audit/"
