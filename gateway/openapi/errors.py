"""What is wrong with an OpenAPI document."""


class OpenAPIError(Exception):
    """It cannot be used; the message says what to mend.

    `pointer` (RFC 6901) says where, "" for the whole document; `line` where that is
    known instead. `field` is the option that mends it, or the document itself.
    """

    def __init__(
        self, words: str, pointer: str = "", *, line: int = 0, field: str = "document"
    ) -> None:
        super().__init__(f"{words} (at {pointer})" if pointer else words)
        self.pointer = pointer
        self.line = line
        self.field = field


class TooBusy(OpenAPIError):
    """Others have documents read: it may be as good as any, later."""


def pointer_to(*parts: str | int) -> str:
    """Return the JSON pointer (RFC 6901) to a place, as a fragment of the document."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "#" + "".join(f"/{part[:200]}" for part in escaped)
