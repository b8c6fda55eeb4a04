"""What would come of something, told by really translating, nothing being stored."""
