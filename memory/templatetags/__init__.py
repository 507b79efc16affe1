"""Template tags of the memory pages."""
