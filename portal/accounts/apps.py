from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        # Models are there only now.
        from portal.accounts.gateways import GatewaySettings
        from portal.accounts.policy.kinds import register

        register(GatewaySettings())
