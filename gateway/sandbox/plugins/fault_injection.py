"""fault-injection: https://apisix.apache.org/docs/apisix/plugins/fault-injection/"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from gateway.router.vars import compile_vars
from gateway.sandbox.exchange import Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use


class FaultInjection(Plugin):
    """Delay requests or answer them with an error, to see what clients do."""

    name = "fault-injection"
    priority = 11000

    async def rewrite(self, use: Use, exchange: Exchange) -> Exit | None:
        """Delay first, then abort."""
        delay, abort = use.conf.get("delay"), use.conf.get("abort")
        if delay and _applies(delay, exchange):
            await asyncio.sleep(delay["duration"])
        if abort and _applies(abort, exchange):
            for name, value in (abort.get("headers") or {}).items():
                exchange.answer_headers[name] = exchange.header_value(value)
            body = abort.get("body")
            return Exit(
                abort["http_status"], None if body is None else exchange.resolve(body)
            )
        return None


def _applies(fault: Mapping[str, Any], exchange: Exchange) -> bool:
    percentage = fault.get("percentage")
    # Not a secret: a die is rolled.
    if percentage is not None and random.randint(1, 100) > percentage:  # noqa: S311
        return False
    # Unlike elsewhere, `vars` holds several conditions, of which one has to hold.
    rules = fault.get("vars")
    return rules is None or any(compile_vars(rule)(exchange.variable) for rule in rules)
