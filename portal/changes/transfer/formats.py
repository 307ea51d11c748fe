"""The forms of file that are written and read here."""

from django.db import models


class Format(models.TextChoices):
    """A file's format, by the name that programs use."""

    BACKUP = "backup", "Backup of Gatehouse's (everything)"
    APISIX = "apisix", "apisix.yaml (APISIX without an Admin API)"
    ADC = "adc", "ADC's YAML (APISIX Declarative CLI)"


class Secrets(models.TextChoices):
    """What becomes of secrets in a file."""

    LEFT_OUT = "left_out", "Left out: marks stand for them"
    SEALED = "sealed", "Sealed: only this Gatehouse can open them"
    CLEAR = "clear", "In clear"
