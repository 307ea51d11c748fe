"""What is bundled is what `make vendor` wrote down, each part with its licence."""

import hashlib
import json
from pathlib import Path

from django.conf import settings

VENDORED = Path(settings.BASE_DIR, "static/vendor/codemirror")
LOCK = Path(settings.BASE_DIR, "vendor/package-lock.json")


def test_the_bundle_is_as_it_was_made() -> None:
    record = json.loads((VENDORED / "record.json").read_text())

    made = hashlib.sha256((VENDORED / "codemirror.js").read_bytes()).hexdigest()

    assert made == record["sha256"], "Run make vendor; nobody edits a bundle."


def test_every_part_is_pinned_and_has_its_licence() -> None:
    packages = json.loads((VENDORED / "record.json").read_text())["packages"]
    licences = (VENDORED / "LICENSES.txt").read_text()
    locked = {
        path.removeprefix("node_modules/"): told["version"]
        for path, told in json.loads(LOCK.read_text())["packages"].items()
        if path and "esbuild" not in path
    }

    assert {n: told.split()[0] for n, told in packages.items()} == locked
    assert all(told.endswith(" MIT") for told in packages.values())
    assert all(f"{name} {locked[name]}\n" in licences for name in packages)
    # What holds the hash of each package's archive is what npm checks.
    assert LOCK.read_text().count('"integrity"') >= len(packages)
