"""response-rewrite: https://apisix.apache.org/docs/apisix/plugins/response-rewrite/"""

import re

from gateway.recipes.header_changes import GROUP, REMOVE, SET, changed_headers, tell
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Document, DoesNotFit, Work
from gateway.recipes.settings import Settings, WrongSettings, names_set, text, whole

PLUGIN = "response-rewrite"
NAMES = ("status", "set_headers", "remove_headers", "find", "body")
BODY_LIMIT = 20_000
# What means more than itself in a pattern of PCRE.
SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")


def make(settings: Settings, work: Work) -> None:
    if not list(names_set(settings, *NAMES)):
        raise WrongSettings(("", f"Give at least one of {', '.join(NAMES)}."))
    if "find" in settings and "body" in settings:
        raise WrongSettings(("body", "Give either body, or find and replace."))
    if ("find" in settings) is not ("replace" in settings):
        missing = "replace" if "find" in settings else "find"
        raise WrongSettings((missing, "It is missing. Give find and replace together."))
    before = work.settings_of(PLUGIN)
    patch: Document = {}
    if "status" in settings:
        patch["status_code"] = settings["status"]
        work.sets(f"Every answer has the status {settings['status']}.")
    if "body" in settings:
        if before.get("filters"):
            raise DoesNotFit(
                "response-rewrite filters the body already, and takes filters or a whole "
                "body. Remove its filters first."
            )
        patch |= {"body": settings["body"], "body_base64": False}
        work.sets("Every answer has this body instead of the server's.")
    if "find" in settings:
        patch["filters"] = _filters(settings, before)
        work.sets("A text in every answer's body is replaced, wherever it stands.")
    work.plugin(PLUGIN, patch, changed_headers(before, settings))
    tell(settings, "The answer", work)
    if before.get("vars"):
        work.note(
            "response-rewrite has conditions (vars): it acts only where they hold."
        )


def _filters(settings: Settings, before: Document) -> list[Document]:
    """Return the filters with ours among them. Raises DoesNotFit."""
    if "body" in before:
        raise DoesNotFit(
            "response-rewrite gives every answer a body of its own, so there is nothing to "
            "find in it. Remove that body first."
        )
    pattern = SPECIAL.sub(lambda found: "\\" + found[0], settings["find"])
    # A dollar sign would name a group.
    mine: Document = {
        "regex": pattern,
        "scope": "global",
        "replace": settings["replace"].replace("$", "$$"),
    }
    filters: list[Document] = before.get("filters") or []
    there = [one.get("regex") == pattern for one in filters]
    if True not in there:
        return [*filters, mine]
    return [
        one | mine if is_mine else one
        for one, is_mine in zip(filters, there, strict=True)
    ]


RECIPE = Recipe(
    name="change-answer",
    title="Change the answer",
    description="Callers get another status, other headers or another body.",
    group=GROUP,
    plugins=(PLUGIN,),
    properties={
        "status": whole("Status", "Instead of the server's.", least=200, most=598),
        "set_headers": SET,
        "remove_headers": REMOVE,
        "find": text("Find", "A text in the body, taken letter by letter."),
        "replace": text("Replace by", "What stands there instead.", minLength=0),
        "body": text(
            "Body",
            "A whole body instead of the server's.",
            maxLength=BODY_LIMIT,
            lines=True,
        ),
    },
    make=make,
    example={
        "set_headers": {"Strict-Transport-Security": "max-age=31536000"},
        "remove_headers": ["Server-Timing"],
    },
)
