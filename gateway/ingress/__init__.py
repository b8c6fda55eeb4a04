"""The HTTP rim: source -> verify -> event ID -> inbox -> acknowledge."""
