"""Stories take `stack`: the real desk, started once per module."""

from collections.abc import Iterator

import pytest

from tests.flow.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A ready desk with its demo people and an empty sandbox gateway (mark `flow`)."""
    # A space, because checkouts have such paths.
    desk = Stack(tmp_path_factory.mktemp("flow") / "a desk")
    try:
        yield desk.start()
    finally:
        desk.stop()
