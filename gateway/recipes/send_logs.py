"""http-logger: https://apisix.apache.org/docs/apisix/plugins/http-logger/"""

from gateway.recipes.count_requests import GROUP
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Document, Work
from gateway.recipes.settings import Settings, flag, secret, text, whole

# As the plugin takes it; no key in its query, which everybody could read.
URL = r"^https?://([0-9a-zA-Z.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?(/[^\s?#]*)?$"


def make(settings: Settings, work: Work) -> None:
    url = settings["url"]
    patch: Document = {
        "uri": url,
        "include_req_body": settings["request_bodies"],
        "include_resp_body": settings["answer_bodies"],
        "batch_max_size": settings["batch"],
        "inactive_timeout": settings["seconds"],
    }
    if url.startswith("https:"):
        patch["ssl_verify"] = True
    if "auth_header" in settings:
        patch["auth_header"] = settings["auth_header"]
    work.plugin("http-logger", patch)
    work.sets(
        f"Each request is told to {url} as JSON, up to {settings['batch']:,} at a time and "
        f"at the latest {settings['seconds']} s after the last one."
    )
    bodies = [
        words
        for name, words in (
            ("request_bodies", "requests"),
            ("answer_bodies", "answers"),
        )
        if settings[name]
    ]
    if bodies:
        work.sets(
            f"The bodies of {' and '.join(bodies)} are told, with all that is in them."
        )
    work.then("Entries hold the headers that callers sent: keys and cookies too.")


RECIPE = Recipe(
    name="send-logs",
    title="Send logs",
    description="A server of yours is told of every request (http-logger).",
    group=GROUP,
    plugins=("http-logger",),
    properties={
        "url": text(
            "Goes to",
            "The address that takes the entries.",
            example="https://logs.example.com/apisix",
            pattern=URL,
        ),
        "auth_header": secret(
            "Authorization", "The Authorization header that the server asks for."
        ),
        "request_bodies": flag(
            "With the bodies of requests", "They may hold anything.", default=False
        ),
        "answer_bodies": flag(
            "With the bodies of answers", "They may hold anything.", default=False
        ),
        "batch": whole(
            "Entries at a time", "At most.", least=1, most=10_000, default=1000
        ),
        "seconds": whole(
            "Seconds", "How long entries wait at most.", least=1, most=3600, default=5
        ),
    },
    required=("url",),
    make=make,
    example={
        "url": "https://logs.example.com/apisix",
        "auth_header": "$secret://vault/1/logs",
    },
)
