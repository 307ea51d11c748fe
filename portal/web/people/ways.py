"""By what somebody came in: kept with their session, shown to them, and recorded."""

from enum import StrEnum


class Way(StrEnum):
    PASSWORD = "password"  # noqa: S105
    CODE = "password and code"
    RECOVERY_CODE = "password and recovery code"
    SECOND_PASSKEY = "password and passkey"
    PASSKEY = "passkey"
    SINGLE_SIGN_ON = "single sign-on"
