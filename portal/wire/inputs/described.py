"""What typed documents share, of whatever kind they are."""

from typing import Any, ClassVar

from portal.wire.inputs.fields import Free, Id, Partial, Text, Whole


class Plugins(Free):
    """Plugins by name, each with its settings; null removes one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Free(allow_null=True), **options)


class KindDocument(Partial):
    """The document of one kind, or a part of it.

    Passes on what the gateway's own schema of that kind knows beyond these fields, as
    `also_known` of the context tells. `example` is one that a gateway accepts.
    """

    kind: ClassVar[str]
    example: ClassVar[dict[str, Any] | None] = None

    def knows(self, name: str) -> bool:
        also_known = self.context.get("also_known")
        return super().knows(name) or (
            also_known is not None and also_known.has(self.kind, name)
        )


class Described(KindDocument):
    """A document with words for people and times of the gateway's own."""

    id = Id(help_text="Its id, as the item says it; may be left out.")
    desc = Text(max_length=256, help_text="What it is for.")
    labels = Free(
        child=Text(allow_null=True),
        help_text='Key-value pairs to find it by: {"team": "events"}.',
    )
    create_time = Whole(help_text="Read-only; ignored.")
    update_time = Whole(help_text="Read-only; ignored.")
