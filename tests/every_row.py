"""A row of every model: for pages that must open whatever they show."""

from django.apps import apps
from django.contrib.auth.models import Group
from django.utils import timezone

from gateway import sealing
from gateway.fingerprint import fingerprint_key
from gateway.models import Facet, Gateway
from portal.accounts.models import (
    ApiToken,
    Grant,
    Identity,
    LinkRequest,
    Ownership,
    RefreshToken,
    Vouched,
    Vouching,
)
from portal.audit.checking import check
from portal.audit.events import Event
from portal.audit.heads import sign_head
from portal.audit.ledger import Itself, record
from portal.audit.models import (
    Archive,
    AuditStream,
)
from portal.changes.models import (
    AfterReview,
    Awaited,
    ChangeRequest,
    ChangeWord,
    FreezeOverride,
    Gathering,
    IdempotencyKey,
    ImportFile,
    RuleApproval,
    RuleSet,
    SavedFilter,
    SpecImport,
)
from portal.changes.states import State
from portal.drift.models import DriftRule
from portal.notifications.models import Notification, Progress, Topic, Way, Wish
from portal.webhooks.listening import make_webhook, send_test
from portal.webhooks.models import Try
from tests.actors import present
from tests.factories import (
    Cast,
    make_access,
    make_app,
    make_change,
    make_comment,
    make_delivery,
    make_drift,
    make_freeze,
    make_policy_change,
    make_probe_run,
    make_program,
    make_resource,
    make_review,
    make_sighting,
    make_token,
)

ADMIN_KEY = "edd1c9f034335f136f87ad84b625c8f1"


def make_every_row(people: Cast, gateway: Gateway) -> ChangeRequest:
    """Make a row of every model; return the change that most of them are of."""
    gateway.set_admin_key(ADMIN_KEY)
    gateway.save()
    fingerprint_key.cache_clear()
    fingerprint_key()
    token, _ = make_token(people.alice)
    change = make_change(
        gateway=gateway, author=people.alice, token=token, state=State.APPLIED
    )
    review = make_review(change.latest_revision(), people.riley)
    AfterReview.objects.create(review=review)
    make_comment(change, people.alice, "Please")
    ChangeWord.objects.get_or_create(word=b"publish", change=change)
    SavedFilter.objects.create(person=people.alice, name="Mine", query="whose=mine")
    delivery = make_delivery(change)
    make_sighting(delivery)
    make_probe_run(delivery)
    facet = {"kind": "route", "name": "host", "value": "example.com"}
    Facet.objects.create(resource=make_resource(gateway), gateway=gateway, **facet)
    IdempotencyKey.objects.create(
        author=people.alice, key="k", request_digest="d", change=change
    )
    apps.get_model("gateway", "Catalogue").objects.create(
        gateway=gateway, version="3.18.0", document={}
    )
    ImportFile.objects.create(
        gateway=gateway,
        author=people.alice,
        format="apisix",
        reason="As it was.",
        request_digest="d",
        sealed=sealing.seal(ADMIN_KEY),
        size=len(ADMIN_KEY),
    )
    SpecImport.objects.create(
        change=change, gateway=gateway, spec="pets", sealed=sealing.seal(ADMIN_KEY)
    )
    Gathering.objects.create(
        change=make_change(gateway=gateway, author=people.alice),
        gateway=gateway,
        person=people.alice,
        program="ADC",
    )
    make_drift(gateway)
    Ownership.objects.create(group=Group.objects.create(name="shop"), host="a.com")
    LinkRequest.objects.create(email="somebody@example.com")
    Vouching.objects.create(by=people.admin, person=people.riley, how=Vouched.ROLE)
    DriftRule.objects.create(kind="route", reason="Noise.", author=people.admin)
    webhook, _ = make_webhook(
        actor=present(people.admin),
        gateway=None,
        name="CI",
        form="standard",
        address=f"https://ci.example.com/{ADMIN_KEY}",
        events=["change.applied"],
    )
    Try.objects.create(
        message=send_test(webhook, actor=present(people.admin)),
        at=timezone.now(),
        words="It was taken.",
        milliseconds=1,
    )
    make_freeze(people.admin)
    Notification.objects.create(
        person=people.alice, key="k", topic=Topic.APPLIED, words="Applied.", path="/"
    )
    Wish.objects.create(person=people.alice, topic=Topic.APPLIED, way=Way.INBOX)
    Progress.objects.create(seen=1)
    check(seconds=60, actor=Itself("test"))
    AuditStream.objects.create(pk=1)
    sign_head(actor=Itself("test"))
    Archive.objects.create(month="2026-09", first=1, last=2, size=3, file="x.jsonl.gz")
    make_app(people.alice)
    Identity.objects.create(
        person=people.alice, issuer="https://login.example.com", subject="alice"
    )
    rule_set = RuleSet.objects.create(
        version=1, rules=[], policy=make_policy_change(people.admin)
    )
    RuleApproval.objects.create(
        revision=change.latest_revision(), rule_set=rule_set, rule="r", digest="d"
    )
    Awaited.objects.create(change=change, group="security")
    make_access(make_program(), people.alice)
    let_in = ApiToken.objects.connections().get()
    whose = {"connection": let_in, "application": let_in.program}
    Grant.objects.create(**whose, code=ADMIN_KEY, expires=timezone.now())
    RefreshToken.objects.create(**whose, token_checksum=ADMIN_KEY)
    FreezeOverride.objects.create(
        delivery=change.latest_revision().delivery, operator=people.omar, reason="Now."
    )
    record(Event.CHANGE_SUBMITTED, actor=present(people.alice), subject=change)
    return change
