"""Write JSON values as YAML that every reader takes for the same. Pure."""

from collections.abc import Iterable
from typing import Any

import yaml

from gateway.formats.reader import NO_NUMBER, meaning
from gateway.visible import visible


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """YAML without anchors, texts quoted where some reader could take them for more."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> Any:
        style = None
        if "\n" in text:
            style = "|"
        elif meaning(text) != text or NO_NUMBER.fullmatch(text):
            style = '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def write_yaml(value: Any, *, head: Iterable[str]) -> str:
    """Return the value as YAML below comment lines; keys stay in their order."""
    comment = "".join(f"# {visible(line)}".rstrip() + "\n" for line in head)
    body = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000
    )
    return comment + body
