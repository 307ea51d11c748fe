"""What layers above may want to hear of; this one knows none of them."""

from django.dispatch import Signal

# A delivery has brought `gateway` to an approved change, and that is committed;
# `is_stale`: somebody else changed the same resources since the gateway was last read.
applied = Signal()
# `gateway` is retired, in this transaction: whoever keeps something open of it closes it,
# and returns what the ledger is told of that, {name: count}.
retired = Signal()
