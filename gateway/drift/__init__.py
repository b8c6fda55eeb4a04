"""The drift radar: what vendors send that the adapters do not know, noticed without refusing anything."""
