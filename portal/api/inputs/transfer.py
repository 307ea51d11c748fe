"""What is said beside a file that goes out."""

from rest_framework import serializers

from portal.api.inputs.query import Query
from portal.changes.transfer.formats import Format, Secrets


class ExportQuery(Query):
    """Which file to write."""

    format = serializers.ChoiceField(
        Format.values,
        help_text="backup: everything, for Gatehouse itself. apisix: APISIX's standalone "
        "apisix.yaml. adc: the file of APISIX's declarative command line.",
    )
    secrets = serializers.ChoiceField(
        [str(Secrets.LEFT_OUT), str(Secrets.SEALED)],
        required=False,
        help_text="left_out: marks stand for them. sealed, in a backup only and its default: "
        "only this Gatehouse can open them; needs the role of an auditor or administrator.",
    )
