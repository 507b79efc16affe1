"""The two sockets, transport only: parse a frame, call a service, send what changed.

A socket never trusts what a push says: it reads the conversation's log after its own
last `seq` from PostgreSQL. So a lost push is healed by the next one, or by a ping.
"""
