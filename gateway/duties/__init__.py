"""Who of several replicas does what: each duty is one's alone, shared out, handed over, taken over."""
