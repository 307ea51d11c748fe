"""What is said beside a file that goes out or comes in."""

from rest_framework import serializers

from portal.changes.transfer.formats import Format, Secrets
from portal.wire.inputs.change import (
    due_field,
    key_field,
    life_field,
    reason_field,
    title_field,
)
from portal.wire.inputs.query import Query


def format_field() -> serializers.ChoiceField:
    return serializers.ChoiceField(
        Format.values,
        help_text="backup: everything, for Gatehouse itself. apisix: APISIX's standalone "
        "apisix.yaml. adc: the file of APISIX's declarative command line.",
    )


class ExportQuery(Query):
    """Which file to write."""

    format = format_field()
    secrets = serializers.ChoiceField(
        [str(Secrets.LEFT_OUT), str(Secrets.SEALED)],
        required=False,
        help_text="left_out: marks stand for them. sealed, in a backup only and its default: "
        "only this Gatehouse can open them; needs the role of an auditor or administrator.",
    )


class ImportBody(Query):
    """A file that a gateway shall be brought to, as the fields of a form."""

    file = serializers.FileField(
        help_text="The file, in UTF-8.",
        error_messages={
            "required": "It is missing. Send the file as a part with a file name.",
            "invalid": "It is no file. Send it as a part with a file name.",
            "empty": "The file is empty.",
        },
    )
    format = format_field()
    delete_missing = serializers.ChoiceField(
        ["true", "false"],
        required=False,
        help_text="true: ask for the deletion of what the file does not name, too.",
    )
    reason = reason_field()
    title = title_field()
    deliver_after = due_field()
    expires_after = life_field()
    idempotency_key = key_field()
