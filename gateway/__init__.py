"""The gateway: everything that touches time, disk or network, in the order that an event walks through it."""
