"""Bundle what static/vendor holds, and write down of what: `make vendor`.

Needs Node.js, which the development environment has. The output is committed, so nobody
else needs it; tests/web/test_vendor.py compares it with what is written here.
"""

import hashlib
import json
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
OUT = HERE.parent / "static" / "vendor" / "codemirror"
BUNDLE, LICENSES, RECORD = "codemirror.js", "LICENSES.txt", "record.json"
TOOLS = ("esbuild", "@esbuild")


def main() -> None:
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    OUT.mkdir(parents=True, exist_ok=True)
    _run(
        *("node", "node_modules/esbuild/bin/esbuild", "codemirror.js", "--bundle"),
        *("--format=esm", "--minify", "--target=es2022", "--legal-comments=none"),
        f"--outfile={OUT / BUNDLE}",
    )
    packages = {}
    texts = []
    for path in sorted((HERE / "node_modules").glob("**/package.json")):
        if len(path.relative_to(HERE).parts) > 4 or _is_tool(path):
            continue
        told = json.loads(path.read_text())
        if not (path.parent / "LICENSE").exists():
            continue
        packages[told["name"]] = f"{told['version']} {told['license']}"
        text = (path.parent / "LICENSE").read_text().strip()
        texts.append(f"{told['name']} {told['version']}\n\n{text}\n")
    (OUT / LICENSES).write_text(("\n" + "-" * 72 + "\n\n").join(texts))
    record = {
        "sha256": hashlib.sha256((OUT / BUNDLE).read_bytes()).hexdigest(),
        "packages": packages,
    }
    (OUT / RECORD).write_text(json.dumps(record, indent=2) + "\n")


def _is_tool(path: Path) -> bool:
    parts = path.relative_to(HERE / "node_modules").parts
    return parts[0] in TOOLS


def _run(*words: str) -> None:
    subprocess.run(words, cwd=HERE, check=True)  # noqa: S603, its words are all ours


if __name__ == "__main__":
    main()
