"""Let something happen at one exact moment between Gatehouse and its gateway."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connections

from tests.changes.delivering import fronted
from tests.drift.conftest import Watched

Act = Callable[[], object]


@dataclass
class Meanwhile:
    """Does each act once: when the gateway is asked for a path, or once it answered.

    An act runs in a thread of its own, with a database connection of its own, while
    the request that it waits for has no answer.
    """

    desk: Watched
    waiting: list[tuple[str, str, bool, Act]] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)

    def before(self, method: str, path: str, act: Act) -> None:
        self.waiting.append((method, path, False, act))

    def after(self, method: str, path: str, act: Act) -> None:
        self.waiting.append((method, path, True, act))

    def intercept(self, method: str, path: str, body: bytes) -> bytes:
        self._act(method, path, is_answered=False)
        answer = self.desk.ask_straight(method, path, body)
        self._act(method, path, is_answered=True)
        return answer

    def _act(self, method: str, path: str, *, is_answered: bool) -> None:
        for one in list(self.waiting):
            if one[:3] == (method, path.removeprefix("/apisix/admin"), is_answered):
                self.waiting.remove(one)
                try:
                    one[3]()
                except BaseException as error:  # noqa: BLE001
                    self.failed.append(error)
                finally:
                    connections.close_all()


@contextmanager
def meanwhile(desk: Watched) -> Iterator[Meanwhile]:
    """Stand between Gatehouse and the gateway; every act must have happened by the end."""
    between = Meanwhile(desk)
    with fronted(desk, between.intercept):
        yield between
    assert between.failed == []
    assert between.waiting == []
