"""Customers' turns alone, lower-case and unpunctuated: read by shape and topic.

Imported transcripts and speech recognition often keep neither the desk's questions
nor signs and capitals. What remains is a message such as "kandan dh 15 s 4", and
the topic of the conversation, which says what such a shape is.
"""

from memory.extraction.terse.readings import readings

__all__ = ["readings"]
