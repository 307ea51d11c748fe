"""In which phase of a request a plugin first acts. Pure.

Facts of apisix/plugins/*.lua at 3.18, which the Admin API does not tell; a plugin that
is not named here may act in any phase. Order within a phase is by priority, see
https://apisix.apache.org/docs/apisix/terminology/plugin/#plugins-execution-order
"""

from typing import Any

REWRITE, ACCESS, BEFORE_PROXY = "rewrite", "access", "before_proxy"
HEADER_FILTER, BODY_FILTER, LOG = "header_filter", "body_filter", "log"
PHASES = (REWRITE, ACCESS, BEFORE_PROXY, HEADER_FILTER, BODY_FILTER, LOG)
# These see a request only once it was answered.
AFTER_UPSTREAM = frozenset({HEADER_FILTER, BODY_FILTER, LOG})

_NAMES = {
    REWRITE: (
        "real-ip client-control proxy-control request-id zipkin skywalking opentelemetry "
        "ext-plugin-pre-req fault-injection cors uri-blocker request-validation multi-auth "
        "openid-connect saml-auth authz-casbin wolf-rbac ldap-auth hmac-auth basic-auth "
        "jwt-auth jwe-decrypt key-auth body-transformer proxy-mirror proxy-rewrite redirect "
        "ai-prompt-template ai-prompt-decorator"
    ),
    ACCESS: (
        "mocking ip-restriction ua-restriction referer-restriction csrf chaitin-waf cas-auth "
        "authz-casdoor consumer-restriction forward-auth opa authz-keycloak proxy-cache "
        "workflow api-breaker limit-conn limit-count limit-req traffic-split degraphql "
        "grpc-transcode grpc-web kafka-proxy dubbo-proxy public-api aws-lambda "
        "azure-functions openwhisk openfunction ext-plugin-post-req"
    ),
    BEFORE_PROXY: "attach-consumer-label http-dubbo ext-plugin-post-resp",
    HEADER_FILTER: "gzip brotli response-rewrite echo",
    LOG: (
        "prometheus datadog loki-logger elasticsearch-logger loggly http-logger "
        "splunk-hec-logging skywalking-logger google-cloud-logging sls-logger tcp-logger "
        "kafka-logger rocketmq-logger syslog udp-logger file-logger clickhouse-logger "
        "tencent-cloud-cls"
    ),
}
_PHASE_OF = {name: phase for phase, names in _NAMES.items() for name in names.split()}
# These are told by their settings when to act.
_TOLD = frozenset({"serverless-pre-function", "serverless-post-function"})

# A global rule's own is left out where the route has one (`run_policy` in their code).
PREFER_ROUTE = frozenset({"prometheus", "skywalking"})


def first_phase(name: str, settings: Any = None) -> str:
    """Return the phase in which a plugin first acts; "" when that is not known."""
    if name in _TOLD:
        told = settings.get("phase", ACCESS) if isinstance(settings, dict) else ACCESS
        return told if told in PHASES else ""
    return _PHASE_OF.get(name, "")
