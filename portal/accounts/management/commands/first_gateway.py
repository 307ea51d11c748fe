"""Make the gateway `default` from APISIX_ADMIN_URL, APISIX_ADMIN_KEY, APISIX_PUBLIC_URL."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.first_gateway import Unusable, provide_first_gateway
from portal.environment import env


class Command(BaseCommand):
    help = (
        "Make the gateway `default` from APISIX_ADMIN_URL, APISIX_ADMIN_KEY and "
        "APISIX_PUBLIC_URL. Does nothing when there is one, or when they are not set."
    )

    def handle(self, **options: Any) -> None:
        admin_url = env.str("APISIX_ADMIN_URL", default="")
        admin_key = env.str("APISIX_ADMIN_KEY", default="")
        if not admin_url or not admin_key:
            self.stdout.write("APISIX_ADMIN_URL and APISIX_ADMIN_KEY are not both set.")
            return
        try:
            gateway = provide_first_gateway(
                admin_url=admin_url,
                admin_key=admin_key,
                public_url=env.str("APISIX_PUBLIC_URL", default=""),
            )
        except Unusable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"First gateway: {gateway or 'people arranged their own'}")
