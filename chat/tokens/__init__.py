"""Where the tokens of answers go: counted day by day, and what to make of it."""
