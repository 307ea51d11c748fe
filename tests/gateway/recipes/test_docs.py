"""docs/recipes.md tells every recipe as it is."""

from pathlib import Path

from django.conf import settings

from gateway.recipes import RECIPES
from gateway.recipes.recipe import Recipe

PAGE = Path(settings.BASE_DIR) / "docs/recipes.md"
HEAD = "| recipe | what it does | plugin | settings |\n| --- | --- | --- | --- |\n"


def row(recipe: Recipe) -> str:
    told = []
    for name, schema in recipe.properties.items():
        default = schema.get("default")
        if name in recipe.required:
            told.append(f"`{name}` (needed)")
        elif default is None:
            told.append(f"`{name}`")
        else:
            shown = str(default).lower() if isinstance(default, bool) else default
            told.append(f"`{name}`: {shown}")
    plugins = ", ".join(f"`{name}`" for name in recipe.plugins) or "the upstream"
    return (
        f"| `{recipe.name}` | {recipe.description} | {plugins} | {', '.join(told)} |\n"
    )


def test_the_table_tells_every_recipe() -> None:
    table = HEAD + "".join(row(recipe) for recipe in RECIPES.values())
    assert table in PAGE.read_text(encoding="utf-8"), f"Put this there:\n{table}"
