"""The engine behind a process of its own: the event loop and the writer no longer wait for one interpreter."""
