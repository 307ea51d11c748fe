"""The bodies that ask for a change."""

from functools import cached_property
from typing import Any

from rest_framework import serializers

from gateway.kinds import KINDS
from portal.changes.models import Action
from portal.changes.plan import ITEM_LIMIT
from portal.changes.probe import METHODS, PATH_LIMIT, TEXT_LIMIT
from portal.changes.propose import KEY_LIMIT, REASON_LIMIT, TITLE_LIMIT
from portal.wire.inputs.documents import Forms, ItemDocument
from portal.wire.inputs.fields import Choice, Flag, Free, Several, Strict, Text, Whole
from portal.wire.inputs.route import Route

ID_LIMIT = 600
AS_PROPOSED = "See proposeChange."
AS_IT_WAS = "Left out: as it was; empty: none any more."


def gateway_field() -> Text:
    return Text(
        required=False,
        max_length=40,
        help_text="Slug, see listGateways; left out: the only one you may see, or default.",
    )


def reason_field(*, required: bool = True) -> Text:
    return Text(
        required=required,
        max_length=REASON_LIMIT,
        help_text="Why, in the user's words: the reviewer decides by it.",
    )


def title_field(*, required: bool = False) -> Text:
    return Text(
        required=required,
        allow_blank=not required,
        max_length=TITLE_LIMIT,
        help_text="A short title; left out, the list shows what the change does.",
    )


def key_field() -> Text:
    return Text(
        required=False,
        max_length=KEY_LIMIT,
        help_text="Your own key: sent again with the same request, it returns the first "
        "change.",
    )


def due_field(
    words: str = "Not live before this: ISO 8601 with offset, within a year.",
) -> Text:
    return Text(required=False, help_text=words)


def life_field(
    words: str = "Taken back so long after it went live: PT1M to P90D.",
) -> Text:
    return Text(required=False, help_text=words)


class CreateRouteBody(Strict):
    """Ask for a new route."""

    gateway = gateway_field()
    reason = reason_field()
    title = title_field()
    idempotency_key = key_field()
    deliver_after = due_field(AS_PROPOSED)
    expires_after = life_field(AS_PROPOSED)
    route = Route(whole=True, help_text="The route to create.")


class UpdateRouteBody(Strict):
    """Ask for a change of a route."""

    gateway = gateway_field()
    reason = reason_field()
    title = title_field()
    idempotency_key = key_field()
    deliver_after = due_field(AS_PROPOSED)
    expires_after = life_field(AS_PROPOSED)
    route = Route(
        help_text="What to change; everything else stays. null removes a field."
    )


class ItemBody(Strict):
    """One resource to create, update or delete."""

    action = Choice(Action.values, help_text="create, update (merge) or delete.")
    kind = Choice(sorted(KINDS), help_text="What kind of resource it is.")
    id = Text(
        required=False,
        max_length=ID_LIMIT,
        help_text="Its id: needed to update or delete; chosen if left out on create, where "
        "that is possible. Credentials: jack/credentials/c1. Secrets: vault/1.",
    )
    document = ItemDocument(
        required=False,
        help_text="create: the whole document in APISIX's own form. update: what to change "
        "(RFC 7396; null removes). delete: leave it out. Fields: /api/openapi.yaml.",
    )

    @cached_property
    def _forms(self) -> Forms:
        return Forms(self.context)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("document") is not None and attrs["action"] != Action.DELETE:
            self._forms.check(attrs["kind"], attrs["document"])
        return attrs


class ExpectBody(Strict):
    """What must come back."""

    status = Whole(min_value=200, max_value=599)
    body_contains = Text(
        required=False, max_length=TEXT_LIMIT, help_text="A text in the answer's body."
    )


class ProbeBody(Strict):
    """A request that Gatehouse sends to the gateway's public address after delivery."""

    method = Choice(METHODS, required=False, help_text="Left out: GET.")
    path = Text(max_length=PATH_LIMIT, help_text="With its query, such as /speaker/1.")
    host = Text(
        required=False, max_length=253, help_text="Left out: the gateway's own."
    )
    headers = Free(
        child=Text(), required=False, help_text="No secrets: everybody may read them."
    )
    expect = ExpectBody()
    take_back = Flag(
        required=False,
        help_text="Take the change back when the answer is not as expected, as approved "
        "with it. Left out: the failure is only told.",
    )


class ProposeBody(Strict):
    """Ask for one change of several resources, reviewed and delivered together."""

    gateway = gateway_field()
    title = title_field(required=True)
    reason = reason_field()
    idempotency_key = key_field()
    deliver_after = due_field()
    expires_after = life_field()
    probe = ProbeBody(
        required=False,
        help_text="What the gateway must answer once it is delivered; reviewers see it.",
    )
    items = Several(
        child=ItemBody(),
        allow_empty=False,
        max_length=ITEM_LIMIT,
        help_text="What to do; they are put in a safe order.",
    )


class PreviewBody(ProposeBody):
    """The same body as proposeChange; title and reason may be left out."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["title"] = title_field()
        fields["reason"] = reason_field(required=False)
        for field in fields.values():
            field.help_text = None  # said with proposeChange
        return fields


class ReviseBody(Strict):
    """Say anew what a change asks for."""

    revision = Whole(
        required=False,
        min_value=1,
        help_text="The number of the revision you read: refused if there is a newer one.",
    )
    title = Text(
        required=False,
        allow_blank=True,
        max_length=TITLE_LIMIT,
        help_text="Left out: as it was.",
    )
    reason = Text(
        required=False, max_length=REASON_LIMIT, help_text="Left out: as it was."
    )
    deliver_after = Text(
        required=False, allow_blank=True, help_text=f"{AS_PROPOSED} {AS_IT_WAS}"
    )
    expires_after = Text(
        required=False, allow_blank=True, help_text=f"{AS_PROPOSED} {AS_IT_WAS}"
    )
    probe = ProbeBody(
        required=False,
        allow_null=True,
        help_text=f"{AS_PROPOSED} Left out: as it was; null: none any more.",
    )
    items = Several(
        child=ItemBody(),
        allow_empty=False,
        max_length=ITEM_LIMIT,
        help_text="All that the change shall do: these take the place of the earlier items.",
    )


class WithdrawBody(Strict):
    """Take a change back."""

    comment = Text(
        required=False,
        allow_blank=True,
        max_length=5_000,
        help_text="Why it is withdrawn.",
    )
