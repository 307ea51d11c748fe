"""A process of its own that says what is not valid OpenAPI in a document.

Answers `[[words, pointer], …]`; without an answer it took too much time or memory.
"""

import json
import sys
from itertools import islice
from typing import Any, ClassVar

from openapi_spec_validator import (
    OpenAPIV2SpecValidator,
    OpenAPIV30SpecValidator,
    OpenAPIV31SpecValidator,
)

from gateway.openapi.children import limit
from gateway.openapi.errors import pointer_to

# Seconds of the processor.
WORK = 20
ERRORS_TOLD = 20


class _Nothing(dict[str, Any]):
    """Handles addresses of any scheme: what an example refers to elsewhere is nothing."""

    def __contains__(self, scheme: object) -> bool:
        return True

    def __missing__(self, scheme: str) -> Any:
        return lambda address: {}


def check(document: Any) -> list[tuple[str, str]]:
    """Return what is not valid OpenAPI, in words with the pointer to it."""
    version = str(document.get("openapi", ""))
    base: Any = OpenAPIV31SpecValidator
    if not version:
        base = OpenAPIV2SpecValidator
    elif version.startswith("3.0"):
        base = OpenAPIV30SpecValidator

    class Inside(base):
        # For addresses without a handler the library has its own, which fetch them.
        resolver_handlers: ClassVar[dict[str, Any]] = _Nothing()

    found: dict[tuple[str, str], None] = {}
    for error in islice(Inside(document).iter_errors(), ERRORS_TOLD):
        words = str(getattr(error, "message", error)).partition("\n")[0]
        path = getattr(error, "absolute_path", ())
        found[words[:300], pointer_to(*path)] = None
    return list(found)


def main() -> None:
    limit(seconds=WORK)
    sys.stdout.write(json.dumps(check(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
