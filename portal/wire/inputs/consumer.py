"""A consumer as one may write it: facts from APISIX 3.18's schema of `consumer`.

https://apisix.apache.org/docs/apisix/admin-api/#consumer
"""

from typing import ClassVar

from gateway.kinds import USERNAME
from portal.wire.inputs.described import Described, Plugins
from portal.wire.inputs.fields import Id, Text


class Username(Text):
    """A consumer's name, which is its id."""

    def to_internal_value(self, data: str) -> str:
        if not isinstance(data, str) or not USERNAME.fullmatch(data):
            self.fail("invalid")
        return data

    default_error_messages: ClassVar = {
        "invalid": "It is no username. Give 1 to 256 of letters, digits, '-' and '_'."
    }


class Consumer(Described):
    """Who calls: a name, and what holds for that caller alone."""

    kind = "consumer"
    example: ClassVar = {
        "username": "jack",
        "desc": "The ticket shop.",
        "plugins": {"limit-count": {"count": 100, "time_window": 60}},
    }

    username = Username(
        help_text="Its name, which is its id: letters, digits, - and _."
    )
    group_id = Id(help_text="Id of an existing consumer group to inherit from.")
    plugins = Plugins(
        help_text='What holds for this caller, such as {"limit-count": {"count": 100, '
        '"time_window": 60}}. Put keys and passwords into a credential of its own, kind '
        "credential, id USERNAME/credentials/ID. null removes a plugin.",
    )
