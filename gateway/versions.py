"""Compare APISIX versions."""

import re


def version_tuple(version: str) -> tuple[int, ...]:
    """Return (3, 18, 0) for "3.18.0"; an unknown version counts as the newest."""
    numbers = re.findall(r"\d+", version)[:3]
    return tuple(int(number) for number in numbers) if numbers else (999,)


def at_least(version: str, *wanted: int) -> bool:
    """Say whether a gateway of this version has what came with `wanted`."""
    return version_tuple(version) >= wanted
