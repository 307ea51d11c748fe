"""Query parameters of reads and of deletions, each described for the model."""

from typing import Any

from django.utils.datastructures import MultiValueDict
from rest_framework import serializers

from portal.changes.states import State
from portal.wire.inputs.change import (
    AS_PROPOSED,
    due_field,
    gateway_field,
    key_field,
    life_field,
    reason_field,
    title_field,
)
from portal.wire.inputs.fields import Strict, Text

PAGE_LIMIT, PAGE_DEFAULT = 100, 20
WORDS_LIMIT = 200


class Query(Strict):
    """Parameters of one GET: unknown and repeated ones are refused by name."""

    @classmethod
    def of(cls, given: Any) -> dict[str, Any]:
        """Return checked what was given by name. Raises ValidationError."""
        if isinstance(given, MultiValueDict):
            repeated = {
                name[:80]: ["It is given twice. Give it once."]
                for name, values in given.lists()
                if len(values) > 1
            }
            if repeated:
                raise serializers.ValidationError(repeated)
            given = given.dict()
        query = cls(data=given)
        query.is_valid(raise_exception=True)
        fields: dict[str, Any] = query.validated_data
        return fields


class Limit(serializers.IntegerField):
    """How many results on a page; more than the limit means the limit."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            min_value=1,
            help_text=f"Results on a page, {PAGE_DEFAULT} if left out; at most {PAGE_LIMIT}.",
        )


def page_size(checked: dict[str, Any]) -> int:
    """Return the page size that a checked query asks for."""
    return min(int(checked.get("limit") or PAGE_DEFAULT), PAGE_LIMIT)


class GatewayQuery(Query):
    """Reads of one thing."""

    gateway = gateway_field()


class PageQuery(Query):
    """Lists: a page and where it begins."""

    cursor = Text(
        required=False,
        max_length=2_000,
        help_text="The next of the page before.",
    )
    limit = Limit()


def search_field(what: str) -> Text:
    return Text(
        required=False,
        allow_blank=True,
        max_length=WORDS_LIMIT,
        help_text=f"Words that must all occur in {what}.",
    )


class ResourcesQuery(PageQuery):
    """Lists of one gateway's resources."""

    gateway = gateway_field()
    search = search_field("id, name, description, paths, hosts or labels")
    host = Text(
        required=False,
        max_length=WORDS_LIMIT,
        help_text="Part of a host it is for, such as example.com.",
    )
    uri = Text(
        required=False,
        max_length=WORDS_LIMIT,
        help_text="Part of a path it takes, such as /speaker.",
    )
    plugin = Text(
        required=False,
        max_length=WORDS_LIMIT,
        help_text="Name of a plugin it uses itself, such as limit-count.",
    )
    # The metaclass takes it for a field; DRF's own `label` stays as it is.
    label = Text(  # type: ignore[assignment]
        required=False,
        max_length=WORDS_LIMIT,
        help_text="A label it carries: team, or team=events for that value.",
    )


class ChangesQuery(PageQuery):
    """The list of changes."""

    gateway = Text(
        required=False,
        max_length=40,
        help_text="Slug of the gateway; all that you may see if left out.",
    )
    search = search_field("title, reason or what the change does")
    state = serializers.ChoiceField(
        [*State.values, "open"],
        required=False,
        help_text="Only changes in this state; open: all that can still move.",
    )
    mine = serializers.ChoiceField(
        ["true", "false"], required=False, help_text="true: only those you asked for."
    )
    route = Text(
        required=False,
        max_length=64,
        help_text="Only changes that touch the route with this id.",
    )


class PluginsQuery(PageQuery):
    """The list of plugins."""

    gateway = gateway_field()
    search = search_field("the plugin's name")


class DeleteQuery(Query):
    """What a deletion says about itself, as query parameters."""

    gateway = gateway_field()
    reason = reason_field()
    title = title_field()
    idempotency_key = key_field()
    deliver_after = due_field(AS_PROPOSED)
    expires_after = life_field(AS_PROPOSED)
