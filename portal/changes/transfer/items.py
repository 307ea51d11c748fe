"""Work out what a file changes on a gateway."""

from collections.abc import Iterator, Set

from gateway.fingerprint import fingerprint_key
from gateway.formats import adc
from gateway.formats.contents import Document, Documents, Key
from gateway.formats.errors import FormatError
from gateway.kinds import KINDS
from gateway.readable import alike
from gateway.redaction import resolve
from gateway.whole import Whole
from portal.changes.asked import ItemAsked
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


def field_of(key: Key) -> str:
    """Return how an error names a resource of the file: `routes.r1`."""
    return f"{KINDS[key[0]].path}.{key[1]}"


class _Comparison:
    def __init__(self, file: FileRead, whole: Whole, format: Format) -> None:
        self._file, self._whole, self._format = file, whole, format

    def items(self, *, delete_missing: bool) -> Iterator[ItemAsked]:
        wanted = self._file.contents.documents
        if self._format is Format.ADC:
            wanted = self._onto(wanted, is_whole=delete_missing)
        for key, document in wanted.items():
            held = self._whole.documents.get(key)
            if held is None:
                yield _item(Action.CREATE, key, document)
            elif not self._is_alike(key[0], document, held):
                whole = self._resolved(key[0], document, held)
                yield _item(Action.UPDATE, key, _with_keys(key[0], whole, held))
        if delete_missing:
            for key in self._sayable() - wanted.keys():
                yield _item(Action.DELETE, key)

    def _onto(self, documents: Documents, *, is_whole: bool) -> Documents:
        return adc.onto(
            documents, self._whole.documents, alike=self._is_alike, is_whole=is_whole
        )

    def _resolved(self, kind: str, document: Document, held: Document) -> Document:
        """Put back the secrets that marks stand for."""
        whole, _ = resolve(
            kind,
            document,
            held,
            key=fingerprint_key(),
            encrypt_fields=self._whole.schemas.encrypt_fields,
        )
        return whole

    def _is_alike(self, kind: str, document: Document, held: Document) -> bool:
        document = self._resolved(kind, document, held)
        return alike(
            kind,
            document,
            held,
            version=self._whole.version,
            schemas=self._whole.schemas,
        ) and not any(
            # A key that we do not know may be another.
            name in document and document[name] != held.get(name)
            for name in KINDS[kind].write_only
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
                "This gateway holds something that ADC's file cannot say, so what is "
                "missing in the file cannot be told. Leave delete_missing out.",
                field="delete_missing",
            ) from error
        return keys & self._onto(written.documents, is_whole=False).keys()


def _item(action: Action, key: Key, document: Document | None = None) -> ItemAsked:
    return ItemAsked(
        action=action,
        kind=key[0],
        id=key[1],
        document=document,
        replace=True,
        field=field_of(key),
        document_field="",
    )


def _with_keys(kind: str, document: Document, held: Document) -> Document:
    """Add the private keys that gateways never show, where the certificate stays."""
    if document.get("cert") != held.get("cert"):
        return document
    kept = {name: held[name] for name in KINDS[kind].write_only if name in held}
    return kept | document
