"""What the store decides, the same for every engine: synchronous functions between named statements."""
