"""The wiring: opens the rooms, says which path goes where, and makes a process of it."""
