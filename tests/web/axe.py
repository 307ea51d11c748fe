"""What axe-core finds wrong with a page.

Rules by tag: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md#axecore-tags
"""

from collections.abc import Iterable
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Those of the same tags that judge colours, by axe's own word.
COLOURS = """
tags => axe.getRules(["cat.color"])
  .filter(rule => rule.tags.some(tag => tags.includes(tag)))
  .map(rule => rule.ruleId)
"""


def violations(
    page: Page,
    *,
    but: Iterable[str] = (),
    without: str = "",
    only_colours: bool = False,
) -> list[str]:
    """Return a line for each element that breaks a rule: rule, element, what to mend.

    `but` names rules that do not count, `without` selects a part that is left out;
    `only_colours` asks for no more than what other colours may break.
    """
    # As the browser's own tools do: the page's policy lets no script in.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    run_only = {"type": "tag", "values": TAGS}
    if only_colours:
        # Rules that are named run, whatever is said of them beside that.
        judges = set(page.evaluate(COLOURS, TAGS)).difference(but)
        run_only = {"type": "rule", "values": sorted(judges)}
    found = page.evaluate(
        "([context, options]) => axe.run(context, options)",
        [
            {"exclude": [[without]] if without else []},
            {
                "runOnly": run_only,
                "rules": {rule: {"enabled": False} for rule in but},
                "resultTypes": ["violations"],
            },
        ],
    )
    return [
        f"{violation['id']}: {node['html'][:200]} — {' '.join(_words(node))}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def _words(node: dict[str, Any]) -> list[str]:
    return [check["message"] for part in ("any", "all", "none") for check in node[part]]
