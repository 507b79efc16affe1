"""How facts are found in a conversation: pure functions from turns to candidates."""
