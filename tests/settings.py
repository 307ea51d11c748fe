"""Settings of the tests: the product's own, with an environment nobody else sets.

`.env` and what the person exported for their own desk must not decide whether tests
pass, so both are put aside before `portal.settings` looks.
"""

import os
import secrets
import tempfile
from pathlib import Path

# Short, because Unix socket paths have room for some hundred characters only. Made and
# removed by conftest.py: other programs that read these settings leave nothing behind.
PLACE = Path(tempfile.gettempdir(), f"gatehouse-{secrets.token_hex(6)}")

# What a person may have set for their own desk.
VARIABLES = (
    "ALLOWED_HOSTS",
    "API_BODY_LIMIT",
    "API_RATE_FAILED",
    "API_RATE_PERSON",
    "API_RATE_TOKEN",
    "APISIX_ADMIN_KEY",
    "APISIX_ADMIN_URL",
    "APISIX_PUBLIC_URL",
    "AUDIT_ARCHIVE",
    "AUDIT_CHECK_EVERY",
    "AUDIT_SYSLOG",
    "AUDIT_SYSLOG_CA",
    "AUDIT_SYSLOG_DEADLINE",
    "AUDIT_SYSLOG_EVERY",
    "CACHE_URL",
    "CELERY_BROKER_URL",
    "CHECK_BLOCKED_DESTINATIONS",
    "CONTACT_EMAIL",
    "DATABASE_URL",
    "DEBUG",
    "DELIVERY_BACKOFF",
    "DELIVERY_LEASE",
    "DELIVERY_RETRY_LIMIT",
    "DELIVERY_SWEEP_EVERY",
    "DEMO_PASSWORD",
    "DEMO_TOKEN",
    "DRIFT_SCAN_EVERY",
    "EMAIL_URL",
    "FIELD_ENCRYPTION_KEY",
    "GATEHOUSE_DEMO",
    "GATEHOUSE_ENV_FILE",
    "GATEHOUSE_VAR",
    "GATHER_FOR",
    "GATEWAY_LIST_DEADLINE",
    "GATEWAY_REQUEST_DEADLINE",
    "IMPORT_LIMIT",
    "LOG_LEVEL",
    "METRICS_TOKEN",
    "NAME_PATTERN",
    "NEW_REVIEWER_DAYS",
    "NODE_WAIT",
    "NOTIFICATION_SWEEP_EVERY",
    "OAUTH_ACCESS_LIFE",
    "OAUTH_CLIENT_DOCUMENTS",
    "OAUTH_REFRESH_DAYS",
    "OAUTH_REGISTRATION",
    "OAUTH_REGISTRATION_RATE",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "OIDC_CREATE_ACCOUNTS",
    "OIDC_GROUPS",
    "OIDC_GROUPS_CLAIM",
    "OIDC_ISSUER",
    "OIDC_LINK_BY_EMAIL",
    "OIDC_NAME",
    "OIDC_SCOPES",
    "OUTBOUND_ALLOW",
    "PLUGIN_AUTH",
    "PLUGIN_VERIFICATION_TOKENS",
    "POLICY_NEEDS_TWO",
    "PUBLIC_URL",
    "REAUTHENTICATE_FOR_PRODUCTION",
    "REQUIRED_LABELS",
    "SANDBOX_ADMIN_KEY",
    "SANDBOX_ADMIN_PORT",
    "SANDBOX_FAULTS",
    "SANDBOX_PROXY_PORT",
    "SECOND_FACTOR_REQUIRED",
    "SECRET_KEY",
    "WEB_BIND",
    "WEB_CONCURRENCY",
    "WEB_PORT",
    "WEB_THREADS",
    "WEBHOOK_DEADLINE",
    "WEBHOOK_SWEEP_EVERY",
    "WORKERS",
)
for _name in VARIABLES:
    os.environ.pop(_name, None)
    os.environ.pop(f"{_name}_FILE", None)

os.environ |= {
    # Else it would be beside the broker, which only some tests start.
    "CACHE_URL": "locmemcache://",
    "CELERY_BROKER_URL": f"redis+socket://{PLACE}/broker.sock",
    "DATABASE_URL": "sqlite://:memory:",
    "DEBUG": "false",
    "FIELD_ENCRYPTION_KEY": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
    "GATEHOUSE_ENV_FILE": "",
    "GATEHOUSE_VAR": str(PLACE),
    "SECRET_KEY": "tests-only-" + "0123456789" * 5,
}

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES, INSTALLED_APPS, STORAGES  # noqa: E402

# A file, not memory: threads of a test then have connections and locks of their own.
DATABASES["default"]["NAME"] = str(PLACE / "test.sqlite3")
# Its `flush` command can empty the append-only tables.
INSTALLED_APPS += ["tests"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
# Nothing is collected for tests: files are found where they are kept.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
