"""Real servers for tests, from wheels: PostgreSQL, Valkey, Chromium."""
