"""Files that hold what a gateway holds: documents by (kind, id) to text and back. Pure.

- `backup`: everything, for Gatehouse itself; secrets sealed or left out;
- `standalone`: `apisix.yaml`, as APISIX reads it without an Admin API;
- `adc`: the file of the APISIX Declarative CLI.
"""
