"""What people use beside the service: kit, bench, demo, stand-in, conformance suite. The service imports none of it."""
