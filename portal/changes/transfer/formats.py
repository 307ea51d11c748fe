"""The forms of file that are written and read here."""

from django.db import models


class Format(models.TextChoices):
    """A file's format, by the name that programs use."""

    BACKUP = "backup", "Backup"
    APISIX = "apisix", "apisix.yaml"
    ADC = "adc", "ADC"


class Secrets(models.TextChoices):
    """What becomes of secrets in a file."""

    LEFT_OUT = "left_out", "secrets left out"
    SEALED = "sealed", "secrets sealed"
    CLEAR = "clear", "secrets in clear"
