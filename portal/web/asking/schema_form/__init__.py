"""Forms made of a gateway's JSON Schemas, which keep what they do not show. Pure.

`nodes.py` says which input stands for which value, `read.py` makes the value of what was
sent. An input that comes back as it was shown keeps its value exactly, so a document that
nobody edits comes out as it went in, whatever it holds.
"""
