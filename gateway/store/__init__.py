"""The store: ports in the rooms' own words, and the engines that keep them."""
