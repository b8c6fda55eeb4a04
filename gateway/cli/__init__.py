"""The command line: thin commands over the running gateway's API, and a few that need no gateway."""
