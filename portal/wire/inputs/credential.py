"""A credential as one may write it: facts from APISIX 3.18's schema of `credential`.

https://apisix.apache.org/docs/apisix/admin-api/#credential
"""

from typing import ClassVar

from portal.wire.inputs.described import Described, Plugins
from portal.wire.inputs.fields import Text


class Credential(Described):
    """One way in which a consumer proves who it is; id USERNAME/credentials/ID."""

    kind = "credential"
    example: ClassVar = {"plugins": {"key-auth": {"key": "$secret://vault/1/jack/key"}}}

    name = Text(max_length=256, help_text="A short name for people.")
    plugins = Plugins(
        help_text="Exactly one plugin that authenticates: key-auth, basic-auth, jwt-auth, "
        'hmac-auth or ldap-auth. {"key-auth": {"key": "$secret://vault/1/jack/key"}} '
        "names the key where a secret manager holds it; a key as it is works too.",
    )
