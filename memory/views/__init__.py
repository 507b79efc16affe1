"""The pages of memory: customers with their four tiers, and privacy."""
