"""Settings, from the environment alone; safe for production unless told otherwise.

Every variable is documented in the README; `environment.py` says where it comes from.
"""

from pathlib import Path
from urllib.parse import quote, urlsplit

import structlog
from django.core.exceptions import ImproperlyConfigured

from portal import caches, check_rules
from portal.audit.syslog.receiver import receiver
from portal.environment import BASE_DIR, env
from portal.run import broker

# Where state lives that no database server keeps: one folder per desk.
VAR = Path(env.str("GATEHOUSE_VAR", default=str(BASE_DIR / "var"))).absolute()


def required(name: str, *, when_debugging: str, hint: str) -> str:
    """Return a variable that production must set; say how to make one if it does not."""
    value: str = env.str(name, default="")
    if value:
        return value
    if DEBUG:
        return when_debugging
    raise ImproperlyConfigured(f"{name} is not set. {hint}")


# --- Identity and secrets

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = required(
    "SECRET_KEY",
    when_debugging="insecure-debugging-only-" + "0" * 40,
    hint="Make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
)
# A comma list of Fernet keys: the first encrypts, all decrypt (gateway/sealing.py).
FIELD_ENCRYPTION_KEY = required(
    "FIELD_ENCRYPTION_KEY",
    when_debugging="MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
    hint=(
        "Make one with: python -c 'from cryptography.fernet import Fernet; "
        "print(Fernet.generate_key().decode())'"
    ),
)

# --- Where we are

WEB_PORT = env.int("WEB_PORT", default=5000)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{WEB_PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
_is_local = _public.hostname in {"localhost", "127.0.0.1", "::1"}
if _public.scheme not in {"http", "https"} or not _public.hostname:
    raise ImproperlyConfigured(
        "PUBLIC_URL must be the http(s) address people open, "
        f"like https://gatehouse.example.com; it is {PUBLIC_URL!r}."
    )
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_public.hostname])
if _is_local:
    ALLOWED_HOSTS += [
        host
        for host in ("localhost", "127.0.0.1", "[::1]")
        if host not in ALLOWED_HOSTS
    ]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

# DEMO_* belongs to `make run` alone: known passwords must never reach a real desk.
DEMO = env.bool("GATEHOUSE_DEMO", default=False)
if DEMO and not _is_local:
    raise ImproperlyConfigured(
        f"PUBLIC_URL is {PUBLIC_URL}, but demo people, whose passwords are known, must "
        "not be reached from other machines. Unset GATEHOUSE_DEMO, or PUBLIC_URL."
    )
if not DEMO:
    for _name in ("DEMO_PASSWORD", "DEMO_TOKEN"):
        if env.str(_name, default=""):
            raise ImproperlyConfigured(
                f"{_name} is set, but demo people exist only under `make run`. Unset it."
            )

# --- Application

INSTALLED_APPS = [
    "portal.web.back_office.app.BackOfficeConfig",
    # Before Django's own: its commands that make and open accounts are recorded.
    "portal.accounts",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "oauth2_provider",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "gateway",
    "portal.audit",
    "portal.changes",
    "portal.drift",
    "portal.webhooks",
    "portal.notifications",
    "portal.web",
    "portal.api",
    "portal.mcp",
]

MIDDLEWARE = [
    "portal.request_ids.RequestIds",
    "portal.web.middleware.headers.PageHeaders",
    "portal.web.middleware.compressed.CompressedPages",
    "portal.allowances.Allowances",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.web.middleware.own_language.OwnLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.web.middleware.own_clock.OwnClock",
    "portal.web.middleware.charsets.Charsets",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.web.people.confirming.Confirming",
    "portal.web.people.second_factor_first.SecondFactorFirst",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.web.context.frame",
            ],
        },
    },
]

# --- Database

DATABASES = {
    "default": env.db_url(
        "DATABASE_URL", default=f"sqlite:///{quote(str(VAR / 'gatehouse.sqlite3'))}"
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SQLITE_OPTIONS = {
    # Writers queue at BEGIN; without this two read-then-write transactions deadlock.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"].setdefault("OPTIONS", {}).update(SQLITE_OPTIONS)
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- People

# Whether a change of policy (rules, roles, gateways' addresses) needs two people.
POLICY_NEEDS_TWO = env.bool("POLICY_NEEDS_TWO", default=True)
AUTH_USER_MODEL = "accounts.Person"
# Sessions name it: another signs everybody out, once.
AUTHENTICATION_BACKENDS = ["portal.accounts.backend.PeopleOnly"]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Days in which an account that somebody made, let in or gave a role does not count as a
# reviewer of their changes; 0: it always counts, as among the demo's people.
NEW_REVIEWER_DAYS = env.int("NEW_REVIEWER_DAYS", default=0 if DEMO else 7)
if not 0 <= NEW_REVIEWER_DAYS <= 365:
    raise ImproperlyConfigured("NEW_REVIEWER_DAYS must be 0 to 365 days.")

# Who must have a second factor: author, reviewer, operator or administrator (and whoever
# may do more), or everybody; empty: nobody must.
SECOND_FACTOR_REQUIRED = env.str("SECOND_FACTOR_REQUIRED", default="")
if SECOND_FACTOR_REQUIRED not in {
    "",
    "author",
    "reviewer",
    "operator",
    "administrator",
    "everybody",
}:
    raise ImproperlyConfigured(
        "SECOND_FACTOR_REQUIRED is author, reviewer, operator, administrator, everybody, "
        "or empty."
    )

# Minutes. Whoever decides, operates or administers on a gateway whose environment is
# production proved so lately that it is them; 0: signing in is enough.
REAUTHENTICATE_FOR_PRODUCTION = env.int("REAUTHENTICATE_FOR_PRODUCTION", default=0)
if REAUTHENTICATE_FOR_PRODUCTION < 0:
    raise ImproperlyConfigured("REAUTHENTICATE_FOR_PRODUCTION is minutes, or 0.")

# --- Single sign-on (OpenID Connect; docs/sign-in.md)

# The provider's own address, as its description names it; empty: there is none.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
# What people know it as.
OIDC_NAME = env.str("OIDC_NAME", default="single sign-on")
OIDC_SCOPES = env.str("OIDC_SCOPES", default="openid profile email")
# Whether who is known there and not here gets an account, without any role; whether an
# address that it has proved opens the account which has it.
OIDC_CREATE_ACCOUNTS = env.bool("OIDC_CREATE_ACCOUNTS", default=False)
OIDC_LINK_BY_EMAIL = env.bool("OIDC_LINK_BY_EMAIL", default=False)
# Which claim lists somebody's groups there, and which groups here they are in for it.
OIDC_GROUPS_CLAIM = env.str("OIDC_GROUPS_CLAIM", default="")
OIDC_GROUPS = env.dict("OIDC_GROUPS", default={})
if OIDC_ISSUER:
    _issuer = urlsplit(OIDC_ISSUER)
    if _issuer.scheme != "https" and not (
        _issuer.scheme == "http" and _issuer.hostname in {"localhost", "127.0.0.1"}
    ):
        raise ImproperlyConfigured("OIDC_ISSUER must be an https address.")
    if not OIDC_CLIENT_ID or not OIDC_CLIENT_SECRET:
        raise ImproperlyConfigured(
            "OIDC_ISSUER is set, so OIDC_CLIENT_ID and OIDC_CLIENT_SECRET must be, too."
        )
if OIDC_GROUPS and not OIDC_GROUPS_CLAIM:
    raise ImproperlyConfigured("OIDC_GROUPS needs OIDC_GROUPS_CLAIM, which lists them.")

# --- Language, time, files

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
# What pages are translated into; docs/translating.md tells how to add one.
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "portal/locale"]
USE_TZ = True
FORMAT_MODULE_PATH = ["portal.formats"]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
# `make run` serves the files where they lie; elsewhere `collectstatic` has gathered,
# compressed and named them by content.
WHITENOISE_USE_FINDERS = DEMO
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Security; cookies follow the scheme people use

_https = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_ENGINE = "portal.accounts.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Two desks on one host must not share a session: cookies ignore ports.
SESSION_COOKIE_NAME = f"gatehouse_session_{_public.port or ''}".rstrip("_")
CSRF_COOKIE_NAME = f"gatehouse_csrf_{_public.port or ''}".rstrip("_")
SECURE_SSL_REDIRECT = (
    False  # TLS ends at the proxy in front; health checks come by HTTP
)
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # no redirect: for the reason above
    # Whether all of a domain's names are https is not one desk's decision.
    "security.W005",
    "security.W021",
]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "portal.web.refusals.csrf_refused"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000

# The plugin's paths may be called by ChatGPT's pages, never with our cookies.
CORS_ALLOWED_ORIGINS = sorted(
    {
        "https://chat.openai.com",
        "https://chatgpt.com",
        f"{_public.scheme}://{_public.netloc}",
    }
)
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ["GET", "POST", "PATCH", "DELETE", "OPTIONS"]
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
]
CORS_EXPOSE_HEADERS = [
    "Idempotent-Replayed",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
]
CORS_URLS_REGEX = r"^/(api/.*|mcp/?|o/(token|register|revoke)/|openapi\.(yaml|json)|\.well-known/.*|logo\.png|legal)$"

# --- API

# Bytes of one request's body; the gateway's own limit for one document is the same.
API_BODY_LIMIT = env.int("API_BODY_LIMIT", default=1_500_000)
# Bytes of a file that is imported.
IMPORT_LIMIT = env.int("IMPORT_LIMIT", default=20_000_000)
# Requests a minute; 0: no limit. `failed` counts bad tokens from one address.
API_RATE_TOKEN = env.int("API_RATE_TOKEN", default=1_800)
API_RATE_PERSON = env.int("API_RATE_PERSON", default=3_600)
API_RATE_FAILED = env.int("API_RATE_FAILED", default=60)
# Hosts, addresses and networks (10.2.0.0/16) that may be called though they are not
# public: of webhooks and of what else people name.
OUTBOUND_ALLOW = [one.lower() for one in env.list("OUTBOUND_ALLOW", default=[])]
# Named by the plugin manifest and the legal page.
CONTACT_EMAIL = env.str("CONTACT_EMAIL", default=f"gatehouse@{_public.hostname}")
# Bearer of /metrics; without it /metrics answers only this machine.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- Programs that people let in (OAuth 2.0; portal/oauth)

# Seconds. An access token lives an hour at most: its end is what a thief must wait for.
OAUTH_ACCESS_LIFE = env.int("OAUTH_ACCESS_LIFE", default=3_600)
# Days after its last refresh that a connection ends.
OAUTH_REFRESH_DAYS = env.int("OAUTH_REFRESH_DAYS", default=30)
if not 60 <= OAUTH_ACCESS_LIFE <= 3_600:
    raise ImproperlyConfigured("OAUTH_ACCESS_LIFE must be 60 to 3600 seconds.")
if not 1 <= OAUTH_REFRESH_DAYS <= 365:
    raise ImproperlyConfigured("OAUTH_REFRESH_DAYS must be 1 to 365 days.")
# Whether programs may register themselves (RFC 7591), how many an hour from one network.
OAUTH_REGISTRATION = env.bool("OAUTH_REGISTRATION", default=True)
OAUTH_REGISTRATION_RATE = env.int("OAUTH_REGISTRATION_RATE", default=30)
# Whether a program may be known by the address of a document that describes it.
OAUTH_CLIENT_DOCUMENTS = env.bool("OAUTH_CLIENT_DOCUMENTS", default=True)
OAUTH_FORGET_EVERY = 3_600.0
# How the plugin manifest tells programs to sign in, and what it shows whom as proof
# that it is ours: `openai=…`, a comma list.
PLUGIN_AUTH = env.str("PLUGIN_AUTH", default="user_http")
PLUGIN_VERIFICATION_TOKENS = env.dict("PLUGIN_VERIFICATION_TOKENS", default={})
if PLUGIN_AUTH not in {"user_http", "oauth"}:
    raise ImproperlyConfigured("PLUGIN_AUTH is user_http or oauth.")

OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.Program"
OAUTH2_PROVIDER_GRANT_MODEL = "accounts.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "accounts.AccessToken"  # noqa: S105
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "accounts.RefreshToken"  # noqa: S105
OAUTH2_PROVIDER = {
    "PKCE_REQUIRED": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    **{
        f"COMPLIANT_BCP_RFC9700_{name}": True
        for name in (
            "IMPLICIT_GRANT",
            "PASSWORD_GRANT",
            "PKCE_METHOD",
            "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS",
            "TOKEN_STORAGE",
            "REFRESH_TOKEN",
            "REDIRECT_URI_SCHEME",
            "REDIRECT_URI_MATCHING",
            "PKCE_REQUIRED",
        )
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.auth.BearerToken"],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.auth.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": [
        "portal.api.throttles.PerProgram",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "portal.api.wire.StrictJSON",
        "portal.api.wire.StrictMergePatch",
    ],
    "DEFAULT_RENDERER_CLASSES": ["portal.api.wire.JSONAnswer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portal.api.wire.AlwaysJSON",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "portal.wire.schema.OperationSchema",
    "EXCEPTION_HANDLER": "portal.api.errors.answer_error",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # Published names and texts are ours alone (portal/api/documents.py).
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [],
    "SCHEMA_COERCE_PATH_PK": False,
}

# --- Rules for what may be asked for; none by default

CHECK_BLOCKED_DESTINATIONS = check_rules.blocked_destinations(
    env.str("CHECK_BLOCKED_DESTINATIONS", default="")
)
NAME_PATTERN = check_rules.name_pattern(env.str("NAME_PATTERN", default=""))
REQUIRED_LABELS = check_rules.listed(env.str("REQUIRED_LABELS", default=""))

# --- Work

# Seconds. A request to a gateway may take this long in all; a lease must outlive it.
GATEWAY_REQUEST_DEADLINE = env.float("GATEWAY_REQUEST_DEADLINE", default=10.0)
# A list of thousands of resources comes slowly; outside of deliveries it may.
GATEWAY_LIST_DEADLINE = env.float("GATEWAY_LIST_DEADLINE", default=60.0)
DELIVERY_LEASE = env.float("DELIVERY_LEASE", default=30.0)
DELIVERY_BACKOFF = env.float("DELIVERY_BACKOFF", default=1.0)
DELIVERY_RETRY_LIMIT = env.float("DELIVERY_RETRY_LIMIT", default=600.0)
DELIVERY_SWEEP_EVERY = env.float("DELIVERY_SWEEP_EVERY", default=2.0)
# So long after a delivery its gateway's nodes may take to hold it.
NODE_WAIT = env.float("NODE_WAIT", default=10.0)
DRIFT_SCAN_EVERY = env.float("DRIFT_SCAN_EVERY", default=60.0)
IMPORT_SWEEP_EVERY = 20.0
# So long a program's writes through the Admin API gather in one draft, and how often
# somebody looks for drafts that were quiet for as long.
GATHER_FOR = env.float("GATHER_FOR", default=60.0)
GATHERING_SWEEP_EVERY = 2.0
# For whom changes wait is looked at that soon after rules or groups became others.
AWAITED_SWEEP_EVERY = 5.0
# Of the threads of one web process at most half wait for a delivery.
WAITING_AT_MOST = max(1, env.int("WEB_THREADS", default=8) // 2)
NOTIFICATION_SWEEP_EVERY = env.float("NOTIFICATION_SWEEP_EVERY", default=10.0)
WEBHOOK_SWEEP_EVERY = env.float("WEBHOOK_SWEEP_EVERY", default=5.0)
# The folder of what `manage.py archive_audit` takes out of the ledger.
AUDIT_ARCHIVE = Path(env.str("AUDIT_ARCHIVE", default=str(VAR / "archive"))).absolute()
# How often the ledger is looked at: what is new is proved, and some of the old anew.
AUDIT_CHECK_EVERY = env.float("AUDIT_CHECK_EVERY", default=60.0)
# Where every entry of the ledger goes besides; how often somebody looks for new ones.
AUDIT_SYSLOG = receiver(
    env.str("AUDIT_SYSLOG", default=""), env.str("AUDIT_SYSLOG_CA", default="")
)
AUDIT_SYSLOG_EVERY = env.float("AUDIT_SYSLOG_EVERY", default=5.0)
# So long a receiver may take for what is sent at once.
AUDIT_SYSLOG_DEADLINE = env.float("AUDIT_SYSLOG_DEADLINE", default=10.0)
# So long a webhook's receiver may take to answer.
WEBHOOK_DEADLINE = env.float("WEBHOOK_DEADLINE", default=10.0)
if DELIVERY_LEASE < GATEWAY_REQUEST_DEADLINE + 1:
    raise ImproperlyConfigured(
        "DELIVERY_LEASE must be at least a second longer than GATEWAY_REQUEST_DEADLINE."
    )

CELERY_BROKER_URL = env.str(
    "CELERY_BROKER_URL", default=f"redis+socket://{quote(str(broker.socket_path(VAR)))}"
)
# A dead broker must not hold up an approval: give up soon, the sweep delivers.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    # Longer than any task: what is redelivered too early runs twice.
    "visibility_timeout": 3600,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Static: who could edit schedules could queue any task.
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "portal.changes.tasks.sweep",
        "schedule": DELIVERY_SWEEP_EVERY,
        "options": {"expires": 5 * DELIVERY_SWEEP_EVERY},
    },
    "scan-drift": {
        "task": "portal.drift.tasks.scan_all",
        "schedule": DRIFT_SCAN_EVERY,
        "options": {"expires": DRIFT_SCAN_EVERY},
    },
    "sweep-imports": {
        "task": "portal.changes.tasks.sweep_imports",
        "schedule": IMPORT_SWEEP_EVERY,
        "options": {"expires": IMPORT_SWEEP_EVERY},
    },
    "sweep-gatherings": {
        "task": "portal.changes.tasks.sweep_gatherings",
        "schedule": GATHERING_SWEEP_EVERY,
        "options": {"expires": 5 * GATHERING_SWEEP_EVERY},
    },
    "sweep-awaited": {
        "task": "portal.changes.tasks.sweep_awaited",
        "schedule": AWAITED_SWEEP_EVERY,
        "options": {"expires": AWAITED_SWEEP_EVERY},
    },
    "sweep-links": {
        "task": "portal.accounts.tasks.sweep_links",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "forget-sessions": {
        "task": "portal.accounts.tasks.forget_sessions",
        "schedule": 3600.0,
    },
    "forget-programs": {
        "task": "portal.accounts.tasks.forget_programs",
        "schedule": OAUTH_FORGET_EVERY,
        "options": {"expires": OAUTH_FORGET_EVERY},
    },
    "sweep-webhooks": {
        "task": "portal.webhooks.tasks.sweep_webhooks",
        "schedule": WEBHOOK_SWEEP_EVERY,
        "options": {"expires": 5 * WEBHOOK_SWEEP_EVERY},
    },
    "check-ledger": {
        "task": "portal.audit.tasks.check_ledger",
        "schedule": AUDIT_CHECK_EVERY,
        "options": {"expires": AUDIT_CHECK_EVERY},
    },
    "stream-ledger": {
        "task": "portal.audit.tasks.stream_ledger",
        "schedule": AUDIT_SYSLOG_EVERY,
        "options": {"expires": 5 * AUDIT_SYSLOG_EVERY},
    },
    "sign-daily-head": {
        "task": "portal.audit.tasks.sign_daily_head",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "forget-webhook-messages": {
        "task": "portal.webhooks.tasks.forget_messages",
        "schedule": 3600.0,
    },
    "sweep-notifications": {
        "task": "portal.notifications.tasks.sweep_notifications",
        "schedule": NOTIFICATION_SWEEP_EVERY,
        "options": {"expires": 5 * NOTIFICATION_SWEEP_EVERY},
    },
    "keep-notifications": {
        "task": "portal.notifications.tasks.keep_notifications",
        "schedule": 3600.0,
    },
    "forget-idempotency-keys": {
        "task": "portal.changes.tasks.forget_idempotency_keys",
        "schedule": 3600.0,
    },
}

# --- Counts of attempts and requests, shared by all processes

CACHES = caches.configuration(
    env.str("CACHE_URL", default=""), broker_url=CELERY_BROKER_URL
)

# --- Mail

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10

# --- Logs

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(
                    [structlog.dev.ConsoleRenderer(colors=False)]
                    if DEBUG
                    # Without this a traceback would be cut to the error's repr.
                    else [
                        structlog.processors.format_exc_info,
                        structlog.processors.JSONRenderer(),
                    ]
                ),
            ],
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # At DEBUG they tell codes and tokens, whatever LOG_LEVEL is.
        "oauthlib": {"level": "INFO"},
        "oauth2_provider": {"level": "INFO"},
        # It tells challenges and credentials; what matters is in the ledger.
        "fido2": {"level": "WARNING"},
        # Two lines for every sweep would fill a disk; failures are louder than this.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
