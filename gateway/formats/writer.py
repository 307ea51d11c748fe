"""Write JSON values as YAML that every reader takes for the same. Pure."""

from collections.abc import Iterable, Mapping
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
        # A block that ends in empty lines would end the whole document.
        if "\n" in text.removesuffix("\n") and not text.endswith("\n\n"):
            style = "|"
        elif "\n" in text or meaning(text) != text or NO_NUMBER.fullmatch(text):
            style = '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def write_yaml(parts: Mapping[str, Any], *, head: Iterable[str]) -> str:
    """Return the parts, named by plain words, as YAML below comment lines.

    Items of lists are written one by one: as a whole they take forty times their size.
    """
    lines = [f"# {visible(line)}".rstrip() + "\n" for line in head]
    for name, value in parts.items():
        if isinstance(value, list) and value:
            lines.append(f"{name}:\n")
            lines += [_dumped([item]) for item in value]
        else:
            lines.append(_dumped({name: value}))
    return "".join(lines if parts else [*lines, "{}\n"])


def _dumped(value: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000
    )
    return text
