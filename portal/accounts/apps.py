from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        # Models are there only now.
        from portal.accounts.account_policy import Account
        from portal.accounts.factors import SecondFactors
        from portal.accounts.gateways import GatewaySettings
        from portal.accounts.policy.kinds import register

        for kind in (GatewaySettings(), Account(), SecondFactors()):
            register(kind)
