"""Figures: how fast this gateway is on this machine, always beside the same server answering bare 200s."""
