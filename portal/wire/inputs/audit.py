"""What programs say to find entries of the ledger."""

from typing import Any

from rest_framework import serializers

from gateway.kinds import KINDS
from portal.accounts.actor import Channel
from portal.audit.events import Event
from portal.trail.filters import SUBJECTS
from portal.wire.inputs.fields import Text
from portal.wire.inputs.query import WORDS_LIMIT, PageQuery, search_field

LARGEST = 2**63 - 1


class AuditQuery(PageQuery):
    """Entries of the ledger, newest first."""

    gateway = Text(required=False, max_length=40, help_text="Slug of the gateway.")
    person = Text(required=False, max_length=150, help_text="User name of who did it.")
    event = serializers.ChoiceField(
        [*SUBJECTS, *Event.values],
        required=False,
        help_text="An event, or the family before its dot: change, delivery, drift …",
    )
    subject = Text(
        required=False,
        max_length=140,
        help_text="What it is about: gateway, or one as token/7.",
    )
    resource = Text(
        required=False,
        max_length=600,
        help_text="What a gateway holds, as kind/id: changes that ask for it, its drift.",
    )
    change = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST,
        help_text="Number of the change that it is about.",
    )
    channel = serializers.ChoiceField(
        Channel.values, required=False, help_text="By which door."
    )
    program = Text(
        required=False,
        max_length=WORDS_LIMIT,
        help_text="The program, such as ChatGPT.",
    )
    since = serializers.DateTimeField(required=False, help_text="From this time on.")
    until = serializers.DateTimeField(required=False, help_text="Before this time.")
    search = search_field("what it is about, who did it, with what, or its details")

    def validate_resource(self, resource: str) -> str:
        kind, _, name = resource.partition("/")
        if kind not in KINDS or not name:
            raise serializers.ValidationError("Give kind/id, such as route/conference.")
        return resource

    @classmethod
    def filters_of(cls, query: dict[str, Any]) -> dict[str, Any]:
        """Return what a checked query asks of entries, without what pages it."""
        fields = cls().fields
        return {
            name: fields[name].to_internal_value(value)
            for name, value in query.items()
            if name not in PageQuery().fields
        }
