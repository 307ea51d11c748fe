"""Review rules, and what two administrators decide."""
