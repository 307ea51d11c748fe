from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        # Models are there only now.
        from portal.accounts.account_policy import Account
        from portal.accounts.factors import SecondFactors
        from portal.accounts.gateways import GatewaySettings
        from portal.accounts.group_members import GroupMembers
        from portal.accounts.memberships import Roles
        from portal.accounts.ownerships import Parts
        from portal.accounts.policy.kinds import register

        own = (GatewaySettings(), Account(), SecondFactors())
        for kind in (*own, Roles(), GroupMembers(), Parts()):
            register(kind)
