"""Golden cases: what a vendor sent, and what an adapter must make of it; whatever the adapter was changed to since."""
