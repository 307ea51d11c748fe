"""The forms of file that are written and read here."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Format(models.TextChoices):
    """A file's format, by the name that programs use."""

    BACKUP = "backup", _("Backup")
    APISIX = "apisix", _("apisix.yaml")
    ADC = "adc", _("ADC")


class Secrets(models.TextChoices):
    """What becomes of secrets in a file."""

    LEFT_OUT = "left_out", _("secrets left out")
    SEALED = "sealed", _("secrets sealed")
    CLEAR = "clear", _("secrets in clear")
