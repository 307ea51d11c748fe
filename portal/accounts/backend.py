"""Who can be signed in at all: people, never a service account."""

from typing import Any

from django.contrib.auth.backends import ModelBackend


class PeopleOnly(ModelBackend):
    """Asked at each request, too: not even a session makes a service account a person."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not user.is_service
