"""The back office: who sees what, what cannot be done there, what can and how."""

import html
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gateway.fingerprint import fingerprint_key
from gateway.models import FingerprintKey, Gateway
from portal.accounts.models import (
    AccessToken,
    ApiToken,
    Membership,
    Person,
    PolicyChange,
    PolicyLock,
)
from portal.accounts.roles import Role
from portal.audit.events import Event
from portal.audit.ledger import record
from portal.audit.models import (
    AuditEvent,
    AuditStream,
    LedgerCheck,
    LedgerHead,
    SigningKey,
)
from portal.changes.models import (
    Attempt,
    ChangeRequest,
    Delivery,
    Review,
    Revision,
)
from portal.changes.states import State
from portal.notifications.models import Progress
from portal.webhooks.listening import make_webhook
from portal.webhooks.models import Webhook
from tests.actors import present
from tests.every_row import ADMIN_KEY, make_every_row
from tests.factories import (
    Cast,
    make_change,
    make_delivery,
    make_gateway,
    make_person,
    make_review,
    make_revision,
    make_token,
)
from tests.web.conftest import sign_in

As = Callable[[str], Client]
OURS = [
    model
    for app in (
        "gateway",
        "accounts",
        "audit",
        "changes",
        "drift",
        "notifications",
        "webhooks",
    )
    for model in apps.get_app_config(app).get_models()
]
# One row each, that the desk counts on.
ALONE = (
    AuditStream,
    FingerprintKey,
    LedgerCheck,
    LedgerHead,
    PolicyLock,
    Progress,
    SigningKey,
)


def address(model: type[models.Model], view: str, *args: Any) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{view}", args=args)


@pytest.fixture
def full(people: Cast, gateway: Gateway) -> ChangeRequest:
    """A row of every model."""
    return make_every_row(people, gateway)


@pytest.fixture(autouse=True)
def _forget_fingerprint_key() -> Iterator[None]:
    yield
    fingerprint_key.cache_clear()


def test_every_model_of_ours_is_there() -> None:
    assert [model for model in OURS if not admin.site.is_registered(model)] == []


@pytest.mark.parametrize("name", ["audrey", "admin"])
def test_lists_and_rows_open_and_tell_no_secret(
    as_: As, full: ChangeRequest, name: str
) -> None:
    client = as_(name)
    secrets = (
        ADMIN_KEY,
        ApiToken.objects.personal().get().hash,
        AccessToken.objects.get().token_checksum,
        Person.objects.get(username="alice").password,
        "sealed",
    )
    wrong = []

    for model in OURS:
        row = model._default_manager.first()
        assert row is not None, model
        for shown in (
            address(model, "changelist"),
            address(model, "changelist") + "?q=a",
            address(model, "change", row.pk),
        ):
            page = client.get(shown)
            told = [word for word in secrets if word in page.text]
            if page.status_code != 200 or told:
                wrong.append(f"{shown}: {page.status_code} {told}")
    assert not wrong, "\n".join(wrong)


def many(
    model: type[models.Model], made: dict[type[models.Model], list[Any]]
) -> list[Any]:
    """Have fifty more rows of a model like its first, and of what each needs its own."""
    if model in made:
        return made[model]
    made[model] = []  # what leads back here keeps the row it has
    row = model._default_manager.first()
    if row is None:
        return []
    apart = {
        name
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
        for name in constraint.fields
    } | {field.name for field in model._meta.concrete_fields if field.unique}
    own = {
        field.name: list(many(field.related_model, made))
        for field in model._meta.concrete_fields
        if field.is_relation and field.name in apart
    }
    for number in range(50):
        clone = model._default_manager.get(pk=row.pk)
        clone._state.adding = True
        if model._meta.pk.get_internal_type() in ("BigAutoField", "AutoField"):
            clone.pk = None
        for field in model._meta.concrete_fields:
            value = getattr(clone, field.attname)
            if value is None or field.choices:
                continue
            if own.get(field.name):
                setattr(clone, field.name, own[field.name][number])
            elif field.name in apart:
                setattr(clone, field.attname, another(field, value, number))
        made[model].append(clone)
    with transaction.atomic():
        model._default_manager.bulk_create(made[model])
    return made[model]


def another(field: Any, value: Any, number: int) -> Any:
    """Return a value that no other row has."""
    if isinstance(value, str):
        return f"{number:02}{value}"[: field.max_length]
    if isinstance(value, bytes | memoryview):
        return b"%02d" % number + bytes(value)
    if isinstance(value, int) and not field.is_relation:
        return value + 1_000 + number
    if isinstance(value, date):
        return value + timedelta(days=number + 1)
    return value


def test_lists_of_fifty_and_rows_ask_twelve_times_at_most(
    as_: As, full: ChangeRequest
) -> None:
    made: dict[type[models.Model], list[Any]] = {}
    for model in admin.site._registry:
        if model not in ALONE:
            many(model, made)
    wrong = []
    for name in ("admin", "audrey"):
        client = as_(name)
        for model in admin.site._registry:
            row = model._default_manager.first()
            assert row is not None, model
            for view, args in (("changelist", ()), ("change", (row.pk,))):
                with CaptureQueriesContext(connection) as asked:
                    page = client.get(address(model, view, *args))
                assert page.status_code == 200, model
                if len(asked) > 12:
                    wrong.append(f"{name} {model.__name__} {view}: {len(asked)}")
    assert not wrong, "\n".join(wrong)


def test_from_a_change_one_comes_to_all_that_became_of_it(
    as_: As, full: ChangeRequest
) -> None:
    client = as_("audrey")
    revision = full.latest_revision()
    ways = [
        (full, Revision, f"change__number__exact={full.pk}"),
        (revision, Delivery, f"revision__id__exact={revision.pk}"),
        (revision, Review, f"revision__id__exact={revision.pk}"),
        (revision.delivery, Attempt, f"delivery__id__exact={revision.delivery.pk}"),
        (full.author, ApiToken, f"person__id__exact={full.author_id}"),
        (full.gateway, ChangeRequest, f"gateway__id__exact={full.gateway_id}"),
    ]

    for row, model, asked in ways:
        page = client.get(address(type(row), "change", row.pk)).content.decode()
        list_ = f"{address(model, 'changelist')}?{asked}"
        assert f'href="{list_}"' in page, asked
        assert client.get(list_).status_code == 200
        if model is not ApiToken:
            where = row.get_absolute_url() if row is full else full.get_absolute_url()
            where = "/gateways/default/" if row is full.gateway else where
            assert f'<a href="{where}">In the portal</a>' in page


def test_staff_of_one_gateway_see_its_rows_only(
    people: Cast, gateway: Gateway, full: ChangeRequest
) -> None:
    other = make_gateway("other")
    hidden = make_change(gateway=other, author=people.alice, summary="zanzibar")
    record(Event.CHANGE_SUBMITTED, actor=present(people.alice), subject=hidden)
    client = sign_in(make_person("vera", Role.VIEWER, gateway=gateway, is_staff=True))

    for model in (ChangeRequest, AuditEvent, Gateway):
        page = client.get(address(model, "changelist")).content.decode()
        assert "zanzibar" not in page
        assert f"#{hidden.number}" not in page
        assert ">other<" not in page
    assert client.get(address(ChangeRequest, "change", full.pk)).status_code == 200
    assert client.get(address(ChangeRequest, "change", hidden.pk)).status_code == 302
    assert client.get(address(Person, "changelist")).status_code == 403
    assert client.get(address(FingerprintKey, "changelist")).status_code == 403
    assert client.get(address(Webhook, "changelist")).status_code == 403


def test_an_auditor_of_one_gateway_reads_whom_it_tells_and_nobody_else(
    people: Cast, gateway: Gateway
) -> None:
    for name, place in (("here", gateway), ("there", make_gateway("other"))):
        make_webhook(
            actor=present(people.admin),
            gateway=place,
            name=f"told-{name}",
            form="mail",
            address="ci@example.com",
            events=["change.applied"],
        )
    ava = make_person("ava", Role.AUDITOR, gateway=gateway, is_staff=True)
    # What only reads elsewhere tells of nobody there.
    Membership.objects.create(person=ava, role=Role.VIEWER)

    page = sign_in(ava).get(address(Webhook, "changelist")).text

    assert "told-here" in page
    assert "told-there" not in page


def test_its_first_page_leads_to_the_audit_trail(people: Cast) -> None:
    client = sign_in(people.admin)
    client.post(address(Person, "add"), {"username": "nina", "is_active": "on"})
    assert LogEntry.objects.exists()

    page = client.get("/admin/").content.decode()

    # Django's own list is neither complete nor safe from being altered.
    assert "Recent actions" not in page
    assert 'href="/audit/"' in page


def test_the_back_office_is_for_staff(as_: As, people: Cast) -> None:
    response = as_("omar").get("/admin/", follow=True)

    assert response.status_code == 403
    assert "for staff" in response.content.decode()


def test_strangers_sign_in_at_the_portals_door(db: None) -> None:
    response = Client().get("/admin/changes/changerequest/", follow=True)

    assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=/admin/")


@pytest.mark.parametrize("header", ["Authorization", "X-API-KEY"])
def test_a_token_opens_nothing_here_whatever_its_cookies(
    people: Cast, change: ChangeRequest, header: str
) -> None:
    client = sign_in(people.admin)

    response = decide(client, change, "approve_selected", headers={header: "x"})

    assert response.status_code in (302, 403)
    assert Review.objects.count() == 0


def test_words_of_others_hide_nothing_here_either(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    change = make_change(
        gateway=gateway, author=people.alice, reason="safe\u202e gnihton <b>x</b>"
    )

    page = as_("audrey").get(address(ChangeRequest, "change", change.pk))

    text = page.content.decode()
    assert "⟨U+202E⟩" in text
    assert "\u202e" not in text
    assert "<b>x</b>" not in text


def test_the_audit_offers_subjects_and_of_the_chosen_one_its_events(
    as_: As, full: ChangeRequest
) -> None:
    client, list_ = as_("audrey"), address(AuditEvent, "changelist")

    for asked, offered, counted in (
        ("", {"?event=change", "?event=webhook"}, AuditEvent.objects.count()),
        ("?event=change", {"?event=change.submitted"}, 1),
        ("?event=change.submitted", {"?event=change.approved"}, 1),
        ("?event=change.approved", {"?event=change"}, 0),
        ("?event=nonsense", {"?event=change"}, 0),
    ):
        page = client.get(list_ + asked)
        links = set(re.findall(r'href="(\?event=[\w.]+)"', page.text))
        assert offered <= links
        assert all(link.startswith("?event=change.") for link in links if "." in link)
        assert len(links) < 60
        assert page.context["cl"].result_count == counted


# --- Decisions


def decide(
    client: Client,
    *changes: Any,
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> Any:
    """Choose changes in the list and run an action, as the page's form does."""
    *rows, action = changes
    shown = client.get(address(ChangeRequest, "changelist")).content.decode()
    seen = dict(re.findall(r'name="(seen-\d+)" value="([0-9a-f]+)"', shown))
    return client.post(
        address(ChangeRequest, "changelist"),
        seen
        | {"action": action, "_selected_action": [row.pk for row in rows], "index": "0"}
        | fields,
        headers=headers,
        follow=headers is None,
    )


@pytest.fixture
def rita(people: Cast) -> Client:
    """A reviewer who is staff."""
    return sign_in(make_person("rita", Role.REVIEWER, is_staff=True))


def test_approving_is_the_portals_operation_one_change_at_a_time(
    rita: Client, people: Cast, gateway: Gateway, change: ChangeRequest
) -> None:
    settled = make_change(gateway=gateway, author=people.alice, state=State.REJECTED)
    own = make_change(gateway=gateway, author=Person.objects.get(username="rita"))

    page = decide(rita, change, settled, own, "approve_selected").content.decode()

    assert f"#{change.number} approved." in page
    assert f"#{settled.number}: " in page
    assert f"#{own.number}: " in page
    change.refresh_from_db()
    assert change.state == State.APPROVED
    assert Review.objects.get().reviewer.username == "rita"
    assert Delivery.objects.count() == 1
    assert AuditEvent.objects.filter(event="change.approved").count() == 1


def test_rejecting_needs_the_note(rita: Client, change: ChangeRequest) -> None:
    page = decide(rita, change, "reject_selected").content.decode()
    assert "Say why" in page

    decide(rita, change, "reject_selected", note="Not like this")

    change.refresh_from_db()
    assert change.state == State.REJECTED
    assert Review.objects.get().comment == "Not like this"


def test_what_was_revised_since_the_list_was_shown_is_not_approved(
    rita: Client, change: ChangeRequest
) -> None:
    seen = change.latest_revision()
    make_revision(change)

    page = rita.post(
        address(ChangeRequest, "changelist"),
        {
            "action": "approve_selected",
            "_selected_action": [change.pk],
            "index": "0",
            f"seen-{change.pk}": seen.digest,
        },
        follow=True,
    ).content.decode()

    assert "not what the list showed" in page
    assert Review.objects.count() == 0


def test_a_superuser_does_not_approve_their_own(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    own = make_change(gateway=gateway, author=people.admin)

    decide(as_("admin"), own, "approve_selected")

    assert Review.objects.count() == 0


def test_the_auditor_has_no_action(as_: As, change: ChangeRequest) -> None:
    response = decide(as_("audrey"), change, "approve_selected")

    assert "approve_selected" not in response.content.decode()
    assert Review.objects.count() == 0


# --- Gateways, people, roles

# What the page sends along for the roles that it lists below a person.
NO_ROLES = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}

GATEWAY = {
    "slug": "edge",
    "title": "Edge",
    "environment": "production",
    "admin_url": "http://10.0.0.5:9180",
    "admin_key": ADMIN_KEY,
    "public_url": "",
    "verify_tls": "on",
    "ca_bundle": "",
    "control_urls": "",
    "approvals_required": "2",
}


def test_a_gateway_is_added_with_a_key_that_never_comes_out(
    as_: As, people: Cast
) -> None:
    client = as_("admin")

    client.post(address(Gateway, "add"), GATEWAY)

    gateway = Gateway.objects.get(slug="edge")
    assert gateway.admin_key() == ADMIN_KEY
    assert AuditEvent.objects.get().event == "gateway.created"
    for page in (
        client.get(address(Gateway, "change", gateway.pk)),
        client.get(address(Gateway, "history", gateway.pk)),
        client.get("/admin/"),
    ):
        assert ADMIN_KEY not in page.content.decode()
    assert ADMIN_KEY not in str(AuditEvent.objects.values())


def test_a_refused_form_does_not_give_the_key_back(as_: As, people: Cast) -> None:
    response = as_("admin").post(
        address(Gateway, "add"), GATEWAY | {"admin_url": "nonsense"}
    )

    assert response.status_code == 200
    assert ADMIN_KEY not in response.content.decode()
    assert Gateway.objects.count() == 0


def test_an_address_that_another_gateway_has_is_refused_beside_the_field(
    as_: As, people: Cast
) -> None:
    client = as_("admin")
    client.post(address(Gateway, "add"), GATEWAY)

    again = client.post(
        address(Gateway, "add"),
        GATEWAY | {"slug": "dev", "admin_url": "http://10.0.0.5:9180/"},
    )

    form = again.context["adminform"].form
    assert "Gateway edge has this host and port" in str(form.errors["admin_url"])
    assert Gateway.objects.count() == 1


def test_changing_a_gateway_names_the_fields_and_keeps_the_key(
    as_: As, people: Cast
) -> None:
    client = as_("admin")
    client.post(address(Gateway, "add"), GATEWAY)
    gateway = Gateway.objects.get()

    client.post(
        address(Gateway, "change", gateway.pk),
        GATEWAY | {"title": "The edge", "admin_key": ""},
    )

    gateway.refresh_from_db()
    assert (gateway.title, gateway.admin_key()) == ("The edge", ADMIN_KEY)
    event = AuditEvent.objects.get(event="gateway.changed")
    assert event.details == {"fields": ["title"]}


def test_another_address_takes_the_key_and_says_so(as_: As, people: Cast) -> None:
    client = as_("admin")
    client.post(address(Gateway, "add"), GATEWAY)
    gateway = Gateway.objects.get()
    page, moved = (
        address(Gateway, "change", gateway.pk),
        GATEWAY | {"admin_url": "http://evil.example:9180", "admin_key": ""},
    )
    alone = "It counts at once: there is no second administrator."
    assert alone in client.get(page).content.decode()
    assert "Say why: whoever accepts it" in client.post(page, moved).content.decode()

    said = client.post(page, moved | {"reason": "It moved."}, follow=True)

    gateway.refresh_from_db()
    assert not gateway.sealed_admin_key
    assert "Enter it again" in said.content.decode()
    assert "Alone: there is no second administrator." in said.content.decode()


def test_another_address_waits_where_there_is_a_second_administrator(
    as_: As, people: Cast
) -> None:
    ada = make_person("ada", Role.ADMINISTRATOR, is_staff=True)
    client = as_("admin")
    client.post(address(Gateway, "add"), GATEWAY)
    gateway = Gateway.objects.get()
    page = address(Gateway, "change", gateway.pk)
    assert "once it is accepted, by ada." in client.get(page).content.decode()
    # What a form changes all the same would get around the second.
    moved = {"admin_url": "http://evil.example:9180", "title": "The edge"}

    said = client.post(
        page, GATEWAY | moved | {"admin_key": "", "reason": "It moved."}, follow=True
    )

    asked = PolicyChange.objects.get()
    assert said.redirect_chain[-1][0] == asked.get_absolute_url()
    assert "It waits for another administrator" in said.content.decode()
    gateway.refresh_from_db()
    assert (gateway.admin_url, gateway.title) == (GATEWAY["admin_url"], "The edge")
    assert gateway.admin_key() == ADMIN_KEY
    for where in (page, f"/gateways/{gateway.slug}/"):
        assert asked.get_absolute_url() in sign_in(ada).get(where).content.decode()
    seen = as_("riley").get(f"/gateways/{gateway.slug}/").content.decode()
    assert asked.get_absolute_url() not in seen


def test_the_variables_of_a_gateway_are_changed_and_told(as_: As, people: Cast) -> None:
    client = as_("admin")
    client.post(
        address(Gateway, "add"), GATEWAY | {"variables": "shop = a.example.com\r\n"}
    )
    gateway = Gateway.objects.get()
    assert gateway.variables == {"shop": "a.example.com"}
    change = address(Gateway, "change", gateway.pk)
    assert "shop = a.example.com" in client.get(change).content.decode()

    for wrong, words in (
        ("shop", "is no variable. Write name = value."),
        ("shop = a\nshop = b", "stands here twice"),
        ("Shop = a", "is no name"),
        ("shop = http://a", "The value of shop is no host"),
    ):
        page = client.post(change, GATEWAY | {"admin_key": "", "variables": wrong})
        assert words in html.unescape(page.content.decode())
    more = "shop = a.example.com\norders = 10.0.0.7:80"
    client.post(change, GATEWAY | {"admin_key": "", "variables": more})

    gateway.refresh_from_db()
    after = {"shop": "a.example.com", "orders": "10.0.0.7:80"}
    assert gateway.variables == after
    event = AuditEvent.objects.get(event="gateway.changed")
    assert event.details == {
        "fields": ["variables"],
        "variables": {"from": {"shop": "a.example.com"}, "to": after},
    }
    client.post(change, GATEWAY | {"admin_key": "", "variables": more})
    assert AuditEvent.objects.filter(event="gateway.changed").count() == 1


def test_the_nodes_of_a_gateway_stand_one_per_line(as_: As, people: Cast) -> None:
    client = as_("admin")
    nodes = ["http://10.0.0.7:9090", "http://10.0.0.8:9090"]

    client.post(
        address(Gateway, "add"), GATEWAY | {"control_urls": "\r\n".join(nodes) + "\r\n"}
    )

    gateway = Gateway.objects.get()
    assert gateway.control_urls == nodes
    page = client.get(address(Gateway, "change", gateway.pk)).content.decode()
    assert "\n".join(nodes) in page

    client.post(
        address(Gateway, "change", gateway.pk),
        GATEWAY | {"admin_key": "", "control_urls": nodes[0]},
    )
    event = AuditEvent.objects.get(event="gateway.changed")
    assert event.details == {
        "fields": ["control_urls"],
        "control_urls": {"from": nodes, "to": nodes[:1]},
    }


@pytest.mark.parametrize(
    "nodes",
    [
        "ftp://10.0.0.7",
        "10.0.0.7:9090",
        "http://a:1\nhttp://a:1",
        "\n".join(f"http://a:{port}" for port in range(1, 60)),
    ],
)
def test_what_are_no_addresses_of_nodes_is_said_beside_the_field(
    as_: As, people: Cast, nodes: str
) -> None:
    response = as_("admin").post(
        address(Gateway, "add"), GATEWAY | {"control_urls": nodes}
    )

    assert response.context["adminform"].form.errors.keys() == {"control_urls"}
    assert Gateway.objects.count() == 0


def test_a_gateway_is_retired_and_never_deleted(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    client, page = as_("admin"), address(Gateway, "changelist")
    retire = {"action": "retire_selected", "_selected_action": gateway.pk, "index": "0"}

    client.post(address(Gateway, "delete", gateway.pk), {"post": "yes"})
    said = client.post(page, retire, follow=True).content.decode()
    assert "Say why" in said
    assert Gateway.objects.in_service().exists()
    said = client.post(page, retire | {"reason": "Gone."}, follow=True).content.decode()

    gateway.refresh_from_db()
    assert gateway.retired_at is not None
    assert "It is in force. Alone: there is no second administrator." in said


def test_nobody_sets_another_persons_password(as_: As, people: Cast) -> None:
    client, riley = as_("admin"), people.riley
    before = riley.password
    form = NO_ROLES | {
        "username": "riley",
        "email": riley.email,
        "is_active": "on",
        "password": "known-to-admin-1",
        "password1": "known-to-admin-1",
        "password2": "known-to-admin-1",
    }

    page = client.get(address(Person, "change", riley.pk)).content.decode()
    client.post(address(Person, "change", riley.pk), form)
    response = client.post(f"/admin/accounts/person/{riley.pk}/password/", form)

    assert 'type="password"' not in page
    assert response.status_code in (302, 404)
    riley.refresh_from_db()
    assert riley.password == before


def test_a_reset_link_goes_to_its_owner(
    as_: As, people: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        as_("admin").post(
            address(Person, "changelist"),
            {
                "action": "send_reset_links",
                "_selected_action": people.riley.pk,
                "index": "0",
            },
        )

    assert mail.outbox[0].to == [people.riley.email]
    assert AuditEvent.objects.get().event == "person.reset_sent"


def test_an_account_is_made_and_switched_off_with_an_entry_each(
    as_: As, people: Cast
) -> None:
    client = as_("admin")

    client.post(
        address(Person, "add"),
        {"username": "nina", "email": "nina@example.com", "is_active": "on"},
    )
    nina = Person.objects.get(username="nina")
    client.post(
        address(Person, "change", nina.pk),
        NO_ROLES | {"username": "nina", "email": "nina@example.com"},
    )

    assert not Person.objects.get(pk=nina.pk).is_active
    assert [e.event for e in AuditEvent.objects.order_by("number")] == [
        "person.created",
        "person.reset_sent",
        "person.changed",
    ]


def test_an_account_that_decides_is_shut_at_once_and_the_second_one_says_so(
    as_: As, people: Cast
) -> None:
    ada = make_person("ada", Role.ADMINISTRATOR, is_staff=True)
    there, riley = sign_in(people.riley), people.riley
    page = address(Person, "change", riley.pk)
    form = NO_ROLES | {"username": "riley", "email": riley.email, "first_name": "R."}
    client = as_("admin")
    assert "once it is accepted, by ada." in client.get(page).content.decode()
    assert "Say why: whoever" in client.post(page, form).content.decode()
    assert Person.objects.get(pk=riley.pk).is_active

    said = client.post(page, form | {"reason": "The laptop is gone."}, follow=True)

    asked = PolicyChange.objects.get()
    assert said.redirect_chain[-1][0] == asked.get_absolute_url()
    riley.refresh_from_db()
    assert (riley.is_active, riley.first_name) == (False, "R.")
    assert there.get("/").status_code == 302
    assert asked.get_absolute_url() in sign_in(ada).get(page).content.decode()
    sign_in(ada).post(f"{asked.get_absolute_url()}refuse/", {"note": "It was found."})
    assert Person.objects.get(pk=riley.pk).is_active


def test_a_new_account_is_no_superuser(as_: As, people: Cast) -> None:
    client, page = as_("admin"), address(Person, "add")
    assert 'name="is_superuser"' not in client.get(page).content.decode()

    client.post(page, {"username": "nina", "is_active": "on", "is_superuser": "on"})

    assert not Person.objects.get(username="nina").is_superuser


def test_a_role_leads_to_where_one_asks_for_its_end(as_: As, people: Cast) -> None:
    held = people.riley.memberships.get()

    page = as_("admin").get(address(Membership, "changelist")).text

    assert f'"/roles/{held.pk}/take/"' in page


def test_an_administrator_who_is_no_superuser_makes_none(
    people: Cast,
) -> None:
    ada = sign_in(make_person("ada", Role.ADMINISTRATOR, is_staff=True))

    ada.post(
        address(Person, "change", people.alice.pk),
        NO_ROLES | {"username": "alice", "is_active": "on", "is_superuser": "on"},
    )
    page = ada.post(
        address(Person, "change", people.admin.pk),
        NO_ROLES | {"username": "admin", "is_superuser": "on", "reason": "Ours."},
        follow=True,
    ).content.decode()

    assert "Only a superuser" in page
    people.admin.refresh_from_db()
    people.alice.refresh_from_db()
    assert people.admin.is_active
    assert not people.alice.is_superuser


@pytest.mark.parametrize(
    "model",
    [ChangeRequest, AuditEvent, Delivery, Review, ApiToken],
    ids=lambda model: model.__name__,
)
def test_a_list_asks_as_often_for_many_rows_as_for_few(
    people: Cast,
    gateway: Gateway,
    model: type[models.Model],
    django_assert_max_num_queries: Any,
) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            author = make_person(role=Role.AUTHOR)
            token, _ = make_token(author)
            change = make_change(gateway=gateway, author=author, token=token)
            make_review(change.latest_revision(), people.riley)
            make_delivery(change)
            record(Event.CHANGE_SUBMITTED, actor=present(author), subject=change)

    client = sign_in(people.audrey)
    fill(2)
    with django_assert_max_num_queries(14) as few:
        client.get(address(model, "changelist"))
    fill(15)
    with django_assert_max_num_queries(len(few)):
        client.get(address(model, "changelist"))


@pytest.mark.parametrize(
    "query",
    [
        "/admin/accounts/person/?password__startswith=md5",
        "/admin/accounts/apitoken/?hash__startswith=a",
        "/admin/accounts/apitoken/?person__password__startswith=md5",
        "/admin/changes/delivery/?lease_token__isnull=True",
        "/admin/changes/changerequest/?author__password__startswith=md5",
        "/admin/gateway/gateway/?sealed_admin_key__isnull=False",
    ],
)
def test_nobody_filters_by_what_is_never_shown(as_: As, query: str) -> None:
    """One could guess it letter by letter from how many rows come back."""
    assert as_("audrey").get(query).status_code in {400, 403, 404}
    assert as_("admin").get(query).status_code in {400, 403, 404}


# --- History


def test_the_history_of_a_row_is_what_the_ledger_tells_of_it(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    change, other = (
        make_change(gateway=gateway, author=people.alice) for _ in range(2)
    )
    for one in (change, other):
        record(Event.CHANGE_SUBMITTED, actor=present(people.alice), subject=one)
    [event, _] = AuditEvent.objects.order_by("number")
    as_admin = as_("admin")
    LogEntry.objects.create(
        user=people.admin, action_flag=2, object_id=str(change.pk), change_message="zap"
    )

    page = as_admin.get(address(ChangeRequest, "history", change.pk)).content.decode()

    assert f'href="/audit/{event.number}/"' in page
    assert f"/audit/{event.number + 1}/" not in page
    assert f"/audit/?subject=change/{change.number}" in page
    assert "zap" not in page


def test_a_history_is_for_who_may_see_the_row(people: Cast, gateway: Gateway) -> None:
    other = make_gateway("other")
    hidden = make_change(gateway=other, author=people.alice)
    client = sign_in(make_person("vera", Role.VIEWER, gateway=gateway, is_staff=True))

    assert client.get(address(ChangeRequest, "history", hidden.pk)).status_code == 404
    assert client.get(address(Person, "history", people.alice.pk)).status_code in (
        403,
        404,
    )
    page = client.get(address(Gateway, "history", gateway.pk)).content.decode()
    assert "The audit holds no entry" in page
