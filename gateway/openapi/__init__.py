"""OpenAPI documents in and out: what one says, as resources of a gateway; and back. Pure.

A document is read (`source.py`), brought to one inner form, OpenAPI 3.1 (`upgrade.py`),
taken apart into operations (`operations.py`) and made into a service, upstreams and
routes (`convert.py`). `write.py` goes the other way.
"""
