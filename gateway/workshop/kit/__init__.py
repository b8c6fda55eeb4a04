"""The integrators' kit: making an adapter, checking it, golden cases from life, rehearsals over history."""
