"""What every operation may raise, so that each door maps errors in one place.

GatehouseError            code, status, field: for programs; str(): for people
├── accounts/errors.py    who you are, what you may do
└── changes/errors.py     what a change can and cannot do now
"""

from typing import Any


class GatehouseError(Exception):
    """An operation was refused; the message says what to do instead.

    `field` names the input at fault (dotted path) where there is one; `extra` is
    merged into a program's answer (for instance `findings`).
    """

    code = "error"
    status = 400

    def __init__(self, message: str, *, field: str = "", **extra: Any) -> None:
        super().__init__(message)
        self.field = field
        self.extra = extra
