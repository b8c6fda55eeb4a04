"""From the inbox to the outbox: adapters are found, run, and what they say is checked, encoded and stored."""
