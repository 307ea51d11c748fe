"""Whether a proto resource's content can be read as a .proto file.

Not a compiler: it reads tokens and knows which statements may stand where, which finds
what is no proto file, is cut off or does not close.
"""

import base64
import binascii
import re

_TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<word>\.?[A-Za-z_][\w.]*)|(?P<number>[-+]?\d[\w.]*)
    |(?P<sign>[{}()<>\[\]=;,:])""",
    re.VERBOSE | re.DOTALL,
)
_STATEMENTS = frozenset({"syntax", "edition", "package", "import", "option"})
_BLOCKS = frozenset({"message", "enum", "service", "extend"})
_FILE = "filename for loaded"


def failure(content: str) -> str | None:
    """Return what is wrong with the content, or None."""
    if _is_descriptor(content):
        return None
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(content):
        match = _TOKEN.match(content, position)
        if match is None:
            return f"{_place(content, position)}: unexpected symbol"
        if match.lastgroup:
            tokens.append((match.group(), _place(content, match.end())))
        position = match.end()
    return _file(tokens, _place(content, position))


def _is_descriptor(content: str) -> bool:
    """Say whether this is a compiled file descriptor set, in base64."""
    try:
        return base64.b64decode(content, validate=True)[:1] == b"\n"
    except (binascii.Error, ValueError):
        return False


def _place(content: str, position: int) -> str:
    before = content[:position]
    column = position - (before.rfind("\n") + 1) + 1
    return f"{_FILE}:{before.count(chr(10)) + 1}:{column}"


def _file(tokens: list[tuple[str, str]], end: str) -> str | None:
    depth = 0
    wanted: str | None = None
    for text, place in tokens:
        if depth == 0 and wanted is None:
            if text in _STATEMENTS:
                wanted = ";"
            elif text in _BLOCKS:
                wanted = "{"
            elif text != ";":
                return f"{place}: unknown keyword '{text}'"
        elif text == "{":
            depth, wanted = depth + 1, None if wanted == "{" else wanted
        elif text == "}":
            depth -= 1
            if depth < 0:
                return f"{place}: unexpected '}}'"
        elif text == wanted and depth == 0:
            wanted = None
    if depth or wanted:
        return f"{end}: '{'}' if depth else wanted}' expected"
    return None
