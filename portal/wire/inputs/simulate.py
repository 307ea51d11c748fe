"""The body that tries a request."""

from portal.changes.http_request import METHODS
from portal.strict_json import EXACT
from portal.wire.inputs.change import gateway_field
from portal.wire.inputs.fields import Choice, Free, Strict, Text, Whole


class RequestBody(Strict):
    """A request to try."""

    method = Choice(METHODS, help_text="Its method.")
    url = Text(help_text="Such as https://shop.example.com/cart, or a path.")
    headers = Free(
        child=Text(allow_blank=True), required=False, help_text="Its headers by name."
    )
    remote_addr = Text(
        required=False, help_text="The caller's IP address, else 127.0.0.1."
    )


class SimulateBody(Strict):
    """What to try."""

    gateway = gateway_field()
    request = RequestBody()
    change = Whole(
        required=False,
        min_value=1,
        max_value=EXACT,
        help_text="A change's number: tell of after it, too.",
    )
