"""Small makers of rows for tests: each gives a valid row and takes what matters.

They write rows straight, without the ledger and without a gateway; a test of an
operation calls the operation.
"""

import base64
import hashlib
import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.db.models.expressions import RawSQL
from django.utils import timezone
from oauth2_provider.models import set_token_value

from gateway import sealing
from gateway.catalogue import known_catalogue
from gateway.models import Catalogue, Gateway, Resource
from gateway.rows import keep_facets, search_text
from portal.accounts.connections import ACCESS_PREFIX, new_secret
from portal.accounts.models import (
    AccessToken,
    ApiToken,
    Factor,
    Membership,
    Person,
    PolicyChange,
    PolicyLock,
    Program,
    Scope,
)
from portal.accounts.recovery_codes import make_codes
from portal.accounts.roles import Role
from portal.accounts.tokens import issue
from portal.changes.models import (
    Attempt,
    ChangeRequest,
    Comment,
    Delivery,
    DeliveryState,
    Freeze,
    Item,
    NodeSighting,
    Outcome,
    Position,
    ProbeRun,
    ProbeState,
    Review,
    Revision,
    Sight,
    Step,
    StepKind,
    Verdict,
)
from portal.changes.search import file_words
from portal.changes.states import State
from portal.drift.models import Drift, What
from tests.sandbox import SandboxGateway

PASSWORD = "correct-horse-battery"

_numbers = itertools.count(1)


def make_gateway(slug: str = "default", **fields: Any) -> Gateway:
    """A gateway in service that was well when last asked."""
    now = timezone.now()
    values: dict[str, Any] = {
        "title": slug.capitalize(),
        "admin_url": "http://127.0.0.1:9180",
        "public_url": "http://127.0.0.1:9080",
        "version": "3.18.0",
        "answered_at": now,
        "mirrored_at": now,
    } | fields
    key = values.pop("admin_key", "")
    gateway = Gateway(slug=slug, **values)
    if key:
        gateway.set_admin_key(key)
    gateway.save()
    return gateway


def make_live_gateway(
    sandbox: SandboxGateway, slug: str = "default", **fields: Any
) -> Gateway:
    """A gateway whose Admin API a sandbox answers, and whose schemas are known.

    They were read from it once. A test that alters what is kept gives it another
    `fetched_at`: the product parses them once per row and time.
    """
    gateway = make_gateway(
        slug,
        **{"admin_url": sandbox.admin_url, "admin_key": sandbox.key, "version": ""}
        | fields,
    )
    schemas, fetched_at = sandbox.told
    Catalogue.objects.create(
        gateway_id=gateway.pk,
        version=schemas.version,
        document=RawSQL("%s", [_json_of(sandbox)]),
        fetched_at=fetched_at,
    )
    known_catalogue(gateway)
    return gateway


@lru_cache(maxsize=8)
def _json_of(sandbox: SandboxGateway) -> str:
    """The kept form of its schemas; to write it anew for each test would take long."""
    schemas, _ = sandbox.told
    return orjson.dumps(schemas.as_json()).decode()


def make_person(
    username: str = "",
    role: Role | None = None,
    *,
    gateway: Gateway | None = None,
    password: str = PASSWORD,
    **fields: Any,
) -> Person:
    """A person, with `role` on `gateway` (None: on all gateways) when a role is given."""
    name = username or f"person{next(_numbers)}"
    fields.setdefault("email", f"{name}@example.com")
    person = Person(username=name, **fields)
    person.set_password(password)
    person.save()
    if role:
        Membership.objects.create(person=person, role=role, gateway=gateway)
    return person


@dataclass(frozen=True)
class Cast:
    """The demo's people, one job each."""

    alice: Person
    riley: Person
    omar: Person
    audrey: Person
    admin: Person


def make_cast() -> Cast:
    """Author, reviewer, operator, auditor and superuser, on all gateways."""
    return Cast(
        alice=make_person("alice", Role.AUTHOR, first_name="Alice"),
        riley=make_person("riley", Role.REVIEWER, first_name="Riley"),
        omar=make_person("omar", Role.OPERATOR, first_name="Omar"),
        audrey=make_person("audrey", Role.AUDITOR, first_name="Audrey", is_staff=True),
        admin=make_person("admin", is_superuser=True, is_staff=True),
    )


def make_program(name: str = "ChatGPT", **fields: Any) -> Program:
    """A program that registered itself, once for all who call this."""
    values: dict[str, Any] = {
        "client_id": name,
        "redirect_uris": "https://chat.example.com/callback",
        "client_type": Program.CLIENT_PUBLIC,
        "client_secret": "",
        "authorization_grant_type": Program.GRANT_AUTHORIZATION_CODE,
        "registration_source": Program.RegistrationSource.DCR,
    }
    return Program.objects.get_or_create(name=name, defaults=values | fields)[0]


def make_access(program: Program, person: Person, **fields: Any) -> str:
    """A connection of somebody to a program; returns an access token of it."""
    now = timezone.now()
    connection = ApiToken.objects.create(
        person=person,
        program=program,
        name=program.name,
        hash=None,
        scopes=sorted(Scope.values),
        created_at=now,
        expires_at=now + timedelta(days=30),
    )
    values: dict[str, Any] = {
        "expires": now + timedelta(hours=1),
        "scope": " ".join(Scope.values),
        "resource": [settings.PUBLIC_URL],
    }
    access = AccessToken(connection=connection, application=program, **values | fields)
    secret = new_secret(ACCESS_PREFIX)
    set_token_value(access, secret)
    access.save()
    return secret


def make_token(
    person: Person,
    *,
    scopes: Sequence[str] = (Scope.READ, Scope.PROPOSE),
    days: int | None = 30,
    name: str = "ChatGPT",
) -> tuple[ApiToken, str]:
    """A token and its secret."""
    return issue(person, name=name, scopes=[str(scope) for scope in scopes], days=days)


def make_app(person: Person) -> tuple[str, list[str]]:
    """An authenticator app; return its secret in base32, and the recovery codes."""
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    Factor.objects.create(
        person=person, kind=Factor.Kind.APP, name="App", sealed=sealing.seal(secret)
    )
    return secret, make_codes(person)


def route_document(**fields: Any) -> dict[str, Any]:
    """The Conference API's route."""
    return {
        "name": "conference",
        "uri": "/speaker/*",
        "methods": ["GET"],
        "upstream": {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}},
    } | fields


def item(
    action: str = "create",
    kind: str = "route",
    resource_id: str = "conference-x1y2z3",
    *,
    base: dict[str, Any] | None = None,
    wanted: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Fields of an Item for `make_change(items=…)`; documents as one may show them."""
    if action != "create" and base is None:
        base = route_document()
    if action != "delete" and wanted is None:
        wanted = route_document()
    return {
        "action": action,
        "kind": kind,
        "resource_id": resource_id,
        "base": base,
        "wanted": wanted,
    }


def digest_of(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def make_revision(
    change: ChangeRequest,
    *,
    author: Person | None = None,
    token: ApiToken | None = None,
    items: Sequence[dict[str, Any]] = (),
    findings: Sequence[dict[str, Any]] = (),
) -> Revision:
    """The next revision of a change, with its items."""
    number = change.revisions.count() + 1
    wanted = list(items) or [item()]
    revision = Revision.objects.create(
        change=change,
        number=number,
        author=author or change.author,
        token=token,
        digest=digest_of([number, change.pk, wanted]),
        findings=list(findings),
    )
    for position, fields in enumerate(wanted):
        base, document = fields["base"], fields["wanted"]
        Item.objects.create(
            revision=revision,
            position=position,
            **fields,
            base_sealed=sealing.seal(base) if base is not None else None,
            base_digest=digest_of(base) if base is not None else "",
            wanted_sealed=sealing.seal(document) if document is not None else None,
            wanted_digest=digest_of(document) if document is not None else "",
        )
    file_words(change, revision.items.all())
    return revision


def make_change(
    *,
    gateway: Gateway,
    author: Person,
    state: State = State.IN_REVIEW,
    items: Sequence[dict[str, Any]] = (),
    findings: Sequence[dict[str, Any]] = (),
    token: ApiToken | None = None,
    **fields: Any,
) -> ChangeRequest:
    """A change with one revision, in any state."""
    values: dict[str, Any] = {
        "title": "Publish the Conference API",
        "reason": "The speakers' page needs it.",
        "summary": "Creates route conference: GET /speaker/* → 127.0.0.1:8000",
        "channel": "api" if token else "portal",
        "client": "ChatGPT" if token else "",
        "submitted_at": None if state == State.DRAFT else timezone.now(),
    } | fields
    change = ChangeRequest.objects.create(
        gateway=gateway, author=author, state=state, token=token, **values
    )
    make_revision(change, items=items, findings=findings, token=token)
    return change


def make_review(
    revision: Revision,
    reviewer: Person,
    verdict: str = Verdict.APPROVE,
    comment: str = "",
) -> Review:
    return Review.objects.create(
        revision=revision,
        reviewer=reviewer,
        verdict=verdict,
        comment=comment,
        digest=revision.digest,
    )


def make_policy_change(author: Person, **fields: Any) -> PolicyChange:
    """A wanted change of policy that waits for another administrator."""
    PolicyLock.objects.get_or_create(pk=1)
    values: dict[str, Any] = {
        "kind": "review_rules",
        "base": {"rules": []},
        "wanted": {"rules": []},
        "reason": "Two pairs of eyes.",
    } | fields
    return PolicyChange.objects.create(author=author, **values)


def make_freeze(maker: Person, **fields: Any) -> Freeze:
    """A freeze of all gateways, from an hour ago to in an hour."""
    now = timezone.now()
    values: dict[str, Any] = {
        "reason": "Black Friday",
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(hours=1),
    } | fields
    return Freeze.objects.create(made_by=maker, **values)


def make_comment(change: ChangeRequest, author: Person, text: str) -> Comment:
    return Comment.objects.create(change=change, author=author, text=text)


def make_delivery(
    change: ChangeRequest,
    *,
    state: str = DeliveryState.VERIFIED,
    outcome: str = "Written and read back.",
) -> Delivery:
    """A delivery with one attempt: read, write and read back of each item."""
    now = timezone.now()
    revision = change.latest_revision()
    done = state not in (DeliveryState.PENDING, DeliveryState.SENDING)
    delivery = Delivery.objects.create(
        revision=revision,
        gateway=change.gateway,
        state=state,
        outcome=outcome if done else "",
        queued_at=now - timedelta(seconds=2),
        finished_at=now if done else None,
        tries=1,
    )
    if state == DeliveryState.PENDING:
        return delivery
    attempt = Attempt.objects.create(
        delivery=delivery,
        number=1,
        worker="worker@test",
        started_at=now - timedelta(seconds=1),
        finished_at=now if done else None,
        outcome=outcome if done else "",
    )
    for row in revision.items.all():
        path = f"/{row.kind}s/{row.resource_id}"
        Step.objects.create(
            attempt=attempt,
            item=row,
            kind=StepKind.READ,
            method="GET",
            path=path,
            status=404 if row.base is None else 200,
            received=row.base,
            outcome=Outcome.ACCEPTED,
            found=Position.BASE,
            duration_ms=2,
        )
        Step.objects.create(
            attempt=attempt,
            item=row,
            kind=StepKind.WRITE,
            method="DELETE" if row.wanted is None else "PUT",
            path=path,
            sent=row.wanted,
            status=201,
            outcome=Outcome.ACCEPTED,
            duration_ms=12,
        )
        Step.objects.create(
            attempt=attempt,
            item=row,
            kind=StepKind.VERIFY,
            method="GET",
            path=path,
            status=404 if row.wanted is None else 200,
            received=row.wanted,
            outcome=Outcome.ACCEPTED,
            found=Position.WANTED,
            duration_ms=3,
        )
    return delivery


def make_sighting(
    delivery: Delivery,
    url: str = "http://10.0.0.7:9090",
    state: str = Sight.REACHED,
    words: str = "",
) -> NodeSighting:
    """What one node was seen to hold after a delivery."""
    return NodeSighting.objects.create(
        delivery=delivery,
        url=url,
        state=state,
        words=words,
        milliseconds=12 if state == Sight.REACHED else None,
    )


def make_probe_run(
    delivery: Delivery, state: str = ProbeState.PASSED, words: str = ""
) -> ProbeRun:
    """A probe that was sent once."""
    tried = {
        "at": timezone.now().isoformat(),
        "milliseconds": 12,
        "status": 200,
        "words": words,
    }
    return ProbeRun.objects.create(
        delivery=delivery, state=state, begun=1, tries=[tried]
    )


def make_resource(
    gateway: Gateway,
    kind: str = "route",
    resource_id: str = "",
    document: dict[str, Any] | None = None,
) -> Resource:
    """A mirrored resource."""
    name = resource_id or f"r{next(_numbers):04}"
    value = document if document is not None else route_document(name=name)
    row = Resource.objects.create(
        gateway=gateway,
        kind=kind,
        resource_id=name,
        document=value,
        sealed=sealing.seal(value),
        digest=digest_of(value),
        search=search_text(name, value),
        by_name=f"{value.get('name', name)}\n{name}".lower(),
    )
    keep_facets([row])
    return row


def make_drift(
    gateway: Gateway,
    kind: str = "route",
    resource_id: str = "",
    *,
    baseline: dict[str, Any] | None = None,
    live: dict[str, Any] | None = None,
    **fields: Any,
) -> Drift:
    """A drift that is open: by default somebody changed the Conference API's route."""
    if baseline is None and live is None:
        baseline, live = route_document(), route_document(uri="/*")
    what = (
        What.CREATED
        if baseline is None
        else What.DELETED
        if live is None
        else What.ALTERED
    )
    sealed = {
        f"{name}_sealed": None if document is None else sealing.seal(document)
        for name, document in (("baseline", baseline), ("live", live))
    }
    name = resource_id or f"r{next(_numbers):04}"
    mirrored = Resource.objects.filter(gateway=gateway, kind=kind, resource_id=name)
    if live is not None and not mirrored.exists():
        make_resource(gateway, kind, name, live)  # seen by the same look
    return Drift.objects.create(
        gateway=gateway,
        kind=kind,
        resource_id=name,
        what=what,
        baseline=baseline,
        baseline_digest="" if baseline is None else digest_of(baseline),
        live=live,
        live_digest="" if live is None else digest_of(live),
        **sealed,
        **fields,
    )
