"""Ask axe-core, the judge of accessibility in browsers, what is wrong with a page.

Rules by tag: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md#axecore-tags
"""

from collections.abc import Iterable

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Those of the same tags that judge colours, by axe's own word.
COLOURS = """
tags => axe.getRules(["cat.color"])
  .filter(rule => rule.tags.some(tag => tags.includes(tag)))
  .map(rule => rule.ruleId)
"""
# To measure the contrast of every text takes axe three quarters of its time. Texts are
# left out that look like others whose contrast was good: the same colours, size and
# weight, on the same grounds. What may lie over something else is always measured.
RUN = """
async ([context, options, known]) => {
  const good = new Set(known), grounds = new Map(), looks = new Map();
  const groundOf = (one) => {
    if (!one) return "";
    if (!grounds.has(one)) {
      const s = getComputedStyle(one);
      const own = [s.backgroundColor, s.backgroundImage, s.backgroundClip, s.opacity,
        s.filter, s.mixBlendMode].join();
      const plain = own === "rgba(0, 0, 0, 0),none,border-box,1,none,normal";
      const lies = ["absolute", "fixed"].includes(s.position) || s.transform !== "none";
      grounds.set(
        one, groundOf(one.parentElement) + (plain ? "" : `/${own}`) + (lies ? "?" : "")
      );
    }
    return grounds.get(one);
  };
  for (const one of document.body.querySelectorAll("*")) {
    const s = getComputedStyle(one);
    looks.set(one, [s.color, s.webkitTextFillColor, s.textShadow, s.fontSize,
      s.fontWeight, groundOf(one)].join(" "));
  }
  for (const [one, look] of looks) one.toggleAttribute("data-measure", !good.has(look));
  axe.configure({rules: [{id: "color-contrast", selector: "[data-measure]"}]});
  // What axe knows, without the words and addresses that it makes of it for people.
  axe.addReporter("raw parts", (rules, _, done) => done(rules));
  const rules = await axe.run(context, {...options, reporter: "raw parts"});
  for (const one of looks.keys()) one.removeAttribute("data-measure");
  return {
    wrong: rules.flatMap(({id, violations}) => violations.map(
      ({node, any, all, none}) => [id, node.element.outerHTML.slice(0, 200),
        [...any, ...all, ...none].map((check) => check.message)]
    )),
    good: [...new Set(rules.filter((rule) => rule.id === "color-contrast")
      .flatMap((rule) => rule.passes)
      .filter((one) => one.any.some((check) => check.data?.contrastRatio))
      .map((one) => looks.get(one.node.element))
      .filter((look) => look && !look.includes("?")))],
  };
}
"""


def violations(
    page: Page,
    *,
    but: Iterable[str] = (),
    without: str = "",
    only_colours: bool = False,
    looks: set[str] | None = None,
) -> list[str]:
    """Return a line for each element that breaks a rule: rule, element, what to mend.

    `but` names rules that do not count, `without` selects a part that is left out;
    `only_colours` asks for no more than what other colours may break. `looks` are those
    of texts that can be read, which need no second look; those found here are added.
    """
    # As the browser's own tools do: the page's policy lets no script in.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    run_only = {"type": "tag", "values": TAGS}
    if only_colours:
        # Rules that are named run, whatever is said of them beside that.
        judges = set(page.evaluate(COLOURS, TAGS)).difference(but)
        run_only = {"type": "rule", "values": sorted(judges)}
    known = set() if looks is None else looks
    found = page.evaluate(
        RUN,
        [
            {"exclude": [[without]] if without else []},
            {
                "runOnly": run_only,
                "rules": {rule: {"enabled": False} for rule in but},
            },
            sorted(known),
        ],
    )
    known.update(found["good"])
    return [f"{rule}: {html} — {' '.join(why)}" for rule, html, why in found["wrong"]]
