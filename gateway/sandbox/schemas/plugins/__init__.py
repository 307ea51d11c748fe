"""The plugins that the sandbox offers, the highest priority first."""

from itertools import chain

from gateway.sandbox.schemas.plugins.authentication import AUTHENTICATION
from gateway.sandbox.schemas.plugins.bodies import BODIES
from gateway.sandbox.schemas.plugins.caching import CACHING
from gateway.sandbox.schemas.plugins.clouds import CLOUDS
from gateway.sandbox.schemas.plugins.limits import LIMITS
from gateway.sandbox.schemas.plugins.log_services import LOG_SERVICES
from gateway.sandbox.schemas.plugins.loggers import LOGGERS
from gateway.sandbox.schemas.plugins.models import MODELS
from gateway.sandbox.schemas.plugins.observability import OBSERVABILITY
from gateway.sandbox.schemas.plugins.openid import OPENID
from gateway.sandbox.schemas.plugins.prompts import PROMPTS
from gateway.sandbox.schemas.plugins.protocols import PROTOCOLS
from gateway.sandbox.schemas.plugins.retrieval import RETRIEVAL
from gateway.sandbox.schemas.plugins.rewriting import REWRITING
from gateway.sandbox.schemas.plugins.routing import ROUTING
from gateway.sandbox.schemas.plugins.security import SECURITY
from gateway.sandbox.schemas.plugins.streams import STREAMS
from gateway.sandbox.schemas.registry import Plugin, by_name

PLUGINS: dict[str, Plugin] = by_name(
    chain(
        *(AUTHENTICATION, BODIES, CACHING, CLOUDS, LIMITS, LOG_SERVICES, LOGGERS),
        *(MODELS, OBSERVABILITY, OPENID, PROMPTS, PROTOCOLS, RETRIEVAL, REWRITING),
        *(ROUTING, SECURITY),
    )
)
STREAM_PLUGINS: dict[str, Plugin] = by_name(STREAMS)
