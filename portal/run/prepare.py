"""Bring the database up to date and the demo into it, before anything is served.

    python -m portal.run.prepare FILE_DESCRIPTOR

The launcher reads what there is to tell people from the file descriptor, as JSON:
`password` and `token` of the demo people ("" when not known), `trouble` with the
gateway. A process of its own, since the launcher needs no Django.
"""

import json
import os
import sys
from typing import Any

import django
from django.core.management import call_command


def main(descriptor: int) -> None:
    django.setup()
    call_command("migrate", verbosity=1, interactive=False)
    # Only now: these import models.
    from gateway.fingerprint import fingerprint_key
    from gateway.sealing import Unsealable
    from portal.accounts.first_gateway import Unusable, provide_first_gateway
    from portal.accounts.management.commands.demo import provide
    from portal.drift.scan import scan

    told: dict[str, Any] = {}
    try:
        fingerprint_key()
        gateway = provide_first_gateway(
            admin_url=os.environ["GATEWAY_ADMIN_URL"],
            admin_key=os.environ["GATEWAY_ADMIN_KEY"],
            public_url=os.environ["GATEWAY_PUBLIC_URL"],
            control_url=os.environ["GATEWAY_CONTROL_URL"],
            environment=os.environ["GATEWAY_ENVIRONMENT"],
        )
        told |= provide()
        if gateway is not None:
            # Not only seen: what was changed while this desk was stopped is drift.
            scan(gateway)
            told["trouble"] = gateway.trouble
    except (Unsealable, Unusable) as error:
        told["refused"] = str(error)
    with os.fdopen(descriptor, "w") as answer:
        json.dump(told, answer)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(int(sys.argv[1]))
