"""Read a file that somebody gives, without asking any gateway."""

from dataclasses import dataclass

from django.utils.translation import gettext

from gateway import sealing
from gateway.formats import adc, backup, standalone
from gateway.formats.contents import Contents
from gateway.formats.errors import FormatError
from gateway.formats.reader import Progress
from gateway.kinds import KINDS
from gateway.models import Gateway
from portal.changes.errors import Malformed
from portal.changes.transfer.formats import Format


@dataclass(frozen=True)
class FileRead:
    """What a file says, and the kinds that it would name resources of if there were any."""

    contents: Contents
    kinds: frozenset[str]


def read_file(
    source: bytes,
    *,
    format: Format,
    gateway: Gateway,
    progress: Progress | None = None,
) -> FileRead:
    """Return what a file for this gateway says.

    Raises Malformed (field `file`, the line in `extra`) for a file that is none, or a
    backup of another gateway: its secrets are not for this one.
    """
    try:
        if format is Format.BACKUP:
            return _backup(source, gateway)
        read = adc.read if format is Format.ADC else standalone.read
        return FileRead(read(source, progress=progress), frozenset(KINDS))
    except FormatError as error:
        raise bad_file(error) from error


def bad_file(error: FormatError) -> Malformed:
    """Return what is wrong with a file as an operation's error."""
    line = {"line": error.line} if error.line else {}
    return Malformed(str(error), field="file", **line)


def _backup(source: bytes, gateway: Gateway) -> FileRead:
    found = backup.read(source, keys=sealing.key_fingerprints(), unseal=sealing.unseal)
    if found.header.gateway != gateway.slug:
        raise FormatError(
            gettext(
                "This is a backup of gateway %(gateway)s, not of %(here)s. Import "
                "it there, or export the other gateway as apisix or adc."
            )
            % {"gateway": found.header.gateway, "here": gateway.slug},
            line=1,
        )
    return FileRead(found.contents, frozenset(found.header.kinds))
