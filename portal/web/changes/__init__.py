"""One change and lists of them: what it does, who decides, how it fares."""
