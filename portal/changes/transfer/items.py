"""Work out what a file changes on a gateway."""

from collections.abc import Iterator, Set
from functools import partial

from django.utils.translation import gettext

from gateway.formats import adc
from gateway.formats.contents import Documents, Key
from gateway.formats.errors import FormatError
from gateway.whole import Whole
from portal.changes.asked import ItemAsked
from portal.changes.bringing import bringing_whole, is_held, item_at
from portal.changes.errors import Malformed
from portal.changes.models import Action
from portal.changes.transfer.formats import Format
from portal.changes.transfer.reading import FileRead


def items_of(
    file: FileRead, whole: Whole, *, format: Format, delete_missing: bool
) -> list[ItemAsked]:
    """Return an item for each resource that the gateway does not hold as the file says.

    What the file does not name stays, unless `delete_missing`. Raises Malformed.
    """
    return list(_Comparison(file, whole, format).items(delete_missing=delete_missing))


class _Comparison:
    def __init__(self, file: FileRead, whole: Whole, format: Format) -> None:
        self._file, self._whole, self._format = file, whole, format

    def items(self, *, delete_missing: bool) -> Iterator[ItemAsked]:
        wanted = self._file.contents.documents
        if self._format is Format.ADC:
            wanted = self._onto(wanted, is_whole=delete_missing)
        for key, document in wanted.items():
            held = self._whole.documents.get(key)
            if item := bringing_whole(key, document, held, schemas=self._whole.schemas):
                yield item
        if delete_missing:
            for key in self._sayable() - wanted.keys():
                yield item_at(Action.DELETE, key)

    def _onto(self, documents: Documents, *, is_whole: bool) -> Documents:
        return adc.onto(
            documents,
            self._whole.documents,
            alike=partial(is_held, schemas=self._whole.schemas),
            is_whole=is_whole,
        )

    def _sayable(self) -> Set[Key]:
        """Return what is live that the file would name if it were to stay."""
        keys = {key for key in self._whole.documents if key[0] in self._file.kinds}
        if self._format is not Format.ADC:
            return keys
        try:
            written = adc.read(adc.write(self._whole.documents).text.encode())
        except FormatError as error:
            raise Malformed(
                gettext(
                    "This gateway holds something that ADC's file cannot say, so what is "
                    "missing in the file cannot be told. Leave delete_missing out."
                ),
                field="delete_missing",
            ) from error
        return keys & self._onto(written.documents, is_whole=False).keys()
