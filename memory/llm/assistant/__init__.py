"""The embedded assistant: answers by rules from memory and tool results.

It is what the desk has while no language model is connected. It says what it knows in
plain sentences, asks for the one thing it lacks, and hands over when asked. It never
claims to have done anything.
"""

from memory.llm.assistant.reply import reply

__all__ = ["reply"]
