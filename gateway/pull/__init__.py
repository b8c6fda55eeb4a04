"""Trackely's "Pull from WMS": the newest state of a tenant's orders, streamed as one JSON array."""
