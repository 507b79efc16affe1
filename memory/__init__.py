"""The four tiers of memory: the heart of the product."""
