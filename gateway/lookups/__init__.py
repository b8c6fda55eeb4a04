"""What is asked of the vendors: the lookups that events wait for, and what no webhook told."""
