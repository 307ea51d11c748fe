"""The file of ADC, the APISIX Declarative CLI (https://github.com/api7/adc). Pure."""

from gateway.formats.adc_onto import onto
from gateway.formats.adc_reader import read
from gateway.formats.adc_writer import write

__all__ = ["onto", "read", "write"]
