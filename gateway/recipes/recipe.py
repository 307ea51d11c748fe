"""What a recipe is: a building block for any route, with a sensible default. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gateway.recipes.route import DoesNotFit, Made, RouteNow, Work
from gateway.recipes.settings import Schema, Settings, read, settings_schema
from gateway.schemas import Schemas


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One building block. `example` are settings that make sense; `writes` names the
    kinds of resources that it may write.
    """

    name: str
    title: str
    description: str
    group: str
    properties: Mapping[str, Schema]
    make: Callable[[Settings, Work], None]
    plugins: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    writes: tuple[str, ...] = ("route",)
    example: Mapping[str, Any]

    @cached_property
    def schema(self) -> Schema:
        """The JSON Schema of its settings."""
        return settings_schema(dict(self.properties), self.required)

    def why_not(self, catalogue: Schemas) -> str:
        """Say why a gateway cannot have it; "" if it can, as far as is known."""
        offered = catalogue.plugins
        missing = [name for name in self.plugins if offered and name not in offered]
        if not missing:
            return ""
        return (
            f"The gateway does not offer {' and '.join(missing)}. Whoever runs it can "
            "switch it on in its configuration, under plugins."
        )

    def on(self, now: RouteNow, given: Any) -> Made:
        """Return what it comes to on a route. Raises WrongSettings, DoesNotFit."""
        if why_not := self.why_not(now.catalogue):
            raise DoesNotFit(why_not)
        settings = read(self.schema, given)
        work = Work(now)
        self.make(settings, work)
        return work.made()
