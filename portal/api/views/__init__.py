"""One small class per address: parse, call one operation, answer."""
