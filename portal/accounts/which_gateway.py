"""Which gateway a program means: the one it names, or the obvious one."""

from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import Ambiguous, NotAllowed, NotVisible
from portal.accounts.roles import Verb

DEFAULT = "default"


def choose_gateway(
    slug: str | None, *, actor: Actor, field: str = "gateway"
) -> Gateway:
    """Return the named gateway; unnamed, the only visible one, else `default`.

    `field` is where the input names it.

    Two or three queries, more for one that is not found. Raises NotVisible for one that
    does not exist or not for this actor, NotAllowed when it is retired or none is
    visible, and Ambiguous (400, naming the slugs)
    when there is nothing to choose by.
    """
    actor.require_scope(Verb.READ)
    visible = list(actor.person.gateways(Verb.READ)) if actor.person else []
    slugs = ", ".join(gateway.slug for gateway in visible[:50])
    if slug is not None:
        for gateway in visible:
            if gateway.slug == slug:
                return gateway
        retired = Gateway.objects.filter(slug=slug).exclude(retired_at=None).first()
        if retired is not None and actor.may(Verb.READ, retired):
            raise NotAllowed(retired.out_of_service, field=field)
        raise NotVisible(
            gettext("There is no gateway %(slug)r that you may see.")
            % {"slug": slug[:40]}
            + (gettext(" You may see: %(slugs)s.") % {"slugs": slugs} if slugs else ""),
            field=field,
        )
    if not visible:
        raise NotAllowed(
            gettext("You may see no gateway. Ask an administrator for a role on one."),
            field=field,
        )
    if len(visible) == 1:
        return visible[0]
    for gateway in visible:
        if gateway.slug == DEFAULT:
            return gateway
    raise Ambiguous(
        gettext("Say which gateway you mean: %(slugs)s.") % {"slugs": slugs},
        field=field,
    )
