"""Run every benchmark, or those named, one after another.

    python -m tests.bench [NAME …]

A benchmark is a module in this folder with a function `main()`, which prints its
figures and raises when it could not measure.
"""

import importlib
import pkgutil
import sys
import time

import tests.bench


def names() -> list[str]:
    """Return the names of all benchmarks."""
    found = (module.name for module in pkgutil.iter_modules(tests.bench.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def main(wanted: list[str]) -> int:
    """Run them; return the exit status."""
    known = names()
    if unknown := [name for name in wanted if name not in known]:
        sys.stderr.write(f"No benchmark {', '.join(unknown)}; there are: {known}\n")
        return 2
    for name in wanted or known:
        sys.stdout.write(f"== {name}\n")
        sys.stdout.flush()
        started = time.monotonic()
        importlib.import_module(f"tests.bench.{name}").main()
        sys.stdout.write(f"   ({time.monotonic() - started:.1f} s)\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
