from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "portal.changes"
    label = "changes"

    def ready(self) -> None:
        from portal.accounts.policy.kinds import register  # models are there only now
        from portal.changes.retire import GatewayRetirement
        from portal.changes.rules.changing import ReviewRules

        register(ReviewRules())
        register(GatewayRetirement())
