"""Building blocks over any route: each a small module that changes documents. Pure.

A recipe reads its settings by a JSON Schema, looks at the route as it is now, and returns
what is to be written and what that means in words. It keeps what people had, and where
it cannot it says so instead. `portal/changes/recipes.py` makes a change of it.
"""

from gateway.recipes import (
    balance_nodes,
    cache_answers,
    canary,
    change_answer,
    change_request,
    count_requests,
    limit_rate,
    mirror_traffic,
    require_jwt,
    require_key,
    require_password,
    require_sign_in,
    restrict_addresses,
    send_logs,
    smooth_bursts,
    version_by_header,
    version_by_path,
)
from gateway.recipes.recipe import Recipe

# As they are shown, those of one group together.
_ALL: tuple[Recipe, ...] = (
    require_key.RECIPE,
    require_jwt.RECIPE,
    require_password.RECIPE,
    require_sign_in.RECIPE,
    restrict_addresses.RECIPE,
    limit_rate.RECIPE,
    smooth_bursts.RECIPE,
    cache_answers.RECIPE,
    canary.RECIPE,
    version_by_header.RECIPE,
    version_by_path.RECIPE,
    balance_nodes.RECIPE,
    mirror_traffic.RECIPE,
    change_request.RECIPE,
    change_answer.RECIPE,
    count_requests.RECIPE,
    send_logs.RECIPE,
)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _ALL}
