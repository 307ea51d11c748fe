"""Django's sessions in the database, in rows that say whose they are.

https://docs.djangoproject.com/en/5.2/topics/http/sessions/#extending-database-backed-session-engines
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

# What a session holds of how somebody came in.
SIGNED_IN_AT, CONFIRMED_AT = "signed_in_at", "confirmed_at"
WAY, BROWSER, ADDRESS = "way", "browser", "address"
# One write in so long, or every read would be one.
SEEN_EVERY = timedelta(minutes=5)


def handle_of(session_key: str) -> str:
    """Return what names a session to people and the ledger.

    Its key is a credential: what is kept of it only tells sessions apart.
    """
    return hashlib.sha256(session_key.encode()).hexdigest()[:16]


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> Any:
        # By name: the model names this store, too.
        return apps.get_model("accounts", "Session")

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row of these data."""
        row: Any = super().create_model_instance(data)
        row.handle = handle_of(row.session_key)
        row.person_id = data.get(SESSION_KEY)
        row.way = data.get(WAY, "")
        row.browser = data.get(BROWSER, "")
        row.address = data.get(ADDRESS, "")
        at = data.get(SIGNED_IN_AT)
        row.signed_in_at = datetime.fromisoformat(at) if at else None
        row.seen_at = timezone.now()
        return row

    def _get_session_from_db(self) -> Any:
        """Return the row that is in force, or None; note that it is in use."""
        row = super()._get_session_from_db()  # type: ignore[misc]
        now = timezone.now()
        if row is not None and row.person_id and now - row.seen_at > SEEN_EVERY:
            self.get_model_class().objects.filter(pk=row.pk).update(seen_at=now)
        return row
