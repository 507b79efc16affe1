"""Short dialogues in which something is contradicted, and what has to come of it."""
