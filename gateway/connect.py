"""A client for a gateway's Admin API, from its record and the settings."""

from django.conf import settings

from gateway.client import AdminClient, new_session
from gateway.errors import Unreachable
from gateway.models import Gateway, KeyNotHere
from gateway.sealing import Unsealable


def connect(gateway: Gateway) -> AdminClient:
    """Return a client with a session of its own; close it with `client.close()`.

    Raises Unreachable when the admin key is missing, was given for another address
    or cannot be decrypted: nothing was sent, and a person has to enter the key.
    """
    try:
        key = gateway.admin_key()
    except (KeyNotHere, Unsealable) as error:
        raise Unreachable(str(error)) from error
    return AdminClient(
        admin_url=gateway.admin_url,
        admin_key=key,
        session=new_session(),
        verify=gateway.verify_tls,
        deadline=settings.GATEWAY_REQUEST_DEADLINE,
    )
