"""A client for a gateway's Admin API, from its record and the settings."""

from django.conf import settings

from gateway.client import AdminClient, new_session
from gateway.errors import Unreachable
from gateway.models import Gateway, KeyNotHere
from gateway.sealing import Unsealable
from gateway.trust import NoCertificates


def connect(gateway: Gateway, *, is_leased: bool = False) -> AdminClient:
    """Return a client with a session of its own; close it with `client.close()`.

    Its lists may take GATEWAY_LIST_DEADLINE; `is_leased`: as long as any other request,
    so that a lease outlives them. Raises Unreachable when the admin key is missing, was given for another address
    or cannot be decrypted, or when the certificates to trust are none: nothing was
    sent, and a person has to mend it.
    """
    try:
        key = gateway.admin_key()
        # Without verification there is nothing to trust.
        session = new_session(ca_bundle=gateway.ca_bundle if gateway.verify_tls else "")
    except (KeyNotHere, Unsealable) as error:
        raise Unreachable(str(error)) from error
    except NoCertificates as error:
        raise Unreachable(
            f"The CA certificates of gateway {gateway.slug} cannot be read. {error}"
        ) from error
    return AdminClient(
        admin_url=gateway.admin_url,
        admin_key=key,
        session=session,
        verify=gateway.verify_tls,
        deadline=settings.GATEWAY_REQUEST_DEADLINE,
        list_deadline=None if is_leased else settings.GATEWAY_LIST_DEADLINE,
    )
