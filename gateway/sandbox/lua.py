"""Just enough of Lua to tell a program that loads from one that does not.

APISIX loads `filter_func`, `script` and serverless functions when they are written and
refuses what Lua cannot parse. The sandbox has no Lua: it reads the text as tokens and
counts blocks and brackets, which finds what is cut off or misspelt, not every error.
"""

import re

_TOKEN = re.compile(
    r"""\s+|--\[(=*)\[.*?\]\1\]|--[^\n]*|\[(=*)\[.*?\]\2\]
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<number>0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign>\.\.\.|\.\.|==|~=|<=|>=|::|[-+*/%^\#<>=(){}\[\];:,.])""",
    re.VERBOSE | re.DOTALL,
)
_OPENING = {"function": "end", "do": "end", "then": "end", "repeat": "until"}
_BRACKETS = {"(": ")", "{": "}", "[": "]"}


class LoadError(ValueError):
    """Lua could not load this; the words are close to Lua's."""


def load(source: str, chunk: str | None = None) -> str:
    """Check that a chunk of Lua is whole; return the type of what it returns.

    "nil" when it returns nothing, "unknown" when only running it would tell.
    `chunk` is how Lua names it in messages, the text's first line when left out.
    Raises LoadError.
    """
    first = chunk if chunk is not None else source.partition("\n")[0]
    name = f'[string "{first}"]'
    waiting: list[str] = []
    outermost: list[str] = []
    position, line = 0, 1
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            raise LoadError(
                f"{name}:{line}: unexpected symbol near '{source[position]}'"
            )
        if not waiting and match.lastgroup:
            outermost.append(match.group())
        _follow(match.group("word") or match.group("sign"), waiting, f"{name}:{line}")
        line += match.group().count("\n")
        position = match.end()
    if waiting:
        raise LoadError(f"{name}:{line}: '{waiting[-1]}' expected near '<eof>'")
    return _returned(outermost)


def _returned(outermost: list[str]) -> str:
    if "return" not in outermost:
        return "nil"
    below = outermost[outermost.index("return") + 1 :]
    if not below:
        return "nil"
    if below[0] == "function":
        # What follows its `end` calls it.
        return "function" if below[1:] in ([], [";"]) else "unknown"
    if len(below) > 1:
        return "unknown"
    kinds = {"true": "boolean", "false": "boolean", "nil": "nil", "{": "table"}
    if below[0][0].isdigit():
        return "number"
    if below[0][0] in "'\"":
        return "string"
    return kinds.get(below[0], "unknown")


def _follow(part: str | None, waiting: list[str], place: str) -> None:
    if part is None:
        return
    if part in ("elseif", "else") and waiting and waiting[-1] == "end":
        # `elseif … then` opens nothing new.
        if part == "elseif":
            waiting.pop()
        return
    closing = _OPENING.get(part) or _BRACKETS.get(part)
    if closing:
        waiting.append(closing)
    elif part in (")", "}", "]", "end", "until"):
        if not waiting or waiting[-1] != part:
            wanted = f"'{waiting[-1]}' expected" if waiting else "'<eof>' expected"
            raise LoadError(f"{place}: {wanted} near '{part}'")
        waiting.pop()
