"""Figures for whoever changes the gateway; no part of what is shipped. `make bench` runs them."""
