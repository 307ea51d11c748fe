"""The plugins that the sandbox offers, the highest priority first."""

from gateway.sandbox.schemas.plugins.authentication import AUTHENTICATION
from gateway.sandbox.schemas.plugins.clouds import CLOUDS
from gateway.sandbox.schemas.plugins.limits import LIMITS
from gateway.sandbox.schemas.plugins.loggers import LOGGERS
from gateway.sandbox.schemas.plugins.models import MODELS
from gateway.sandbox.schemas.plugins.openid import OPENID
from gateway.sandbox.schemas.plugins.protocols import PROTOCOLS
from gateway.sandbox.schemas.plugins.rewriting import REWRITING
from gateway.sandbox.schemas.plugins.routing import ROUTING
from gateway.sandbox.schemas.plugins.security import SECURITY
from gateway.sandbox.schemas.plugins.streams import STREAMS
from gateway.sandbox.schemas.registry import Plugin, by_name

PLUGINS: dict[str, Plugin] = by_name(
    [
        *AUTHENTICATION,
        *CLOUDS,
        *LIMITS,
        *LOGGERS,
        *MODELS,
        *OPENID,
        *PROTOCOLS,
        *REWRITING,
        *ROUTING,
        *SECURITY,
    ]
)
STREAM_PLUGINS: dict[str, Plugin] = by_name(STREAMS)
