"""How somebody wants their pages: their own affair, so it is not recorded."""

from portal.accounts.models import Person


def prefer(
    person: Person, *, time_zone: str, colours: str, more_contrast: bool
) -> None:
    """Keep what this person chose."""
    person.time_zone = time_zone
    person.colours = colours
    person.more_contrast = more_contrast
    person.save(update_fields=["time_zone", "colours", "more_contrast"])
