"""A stand-in for Revmo on this machine, for the demo and for tests. Nothing leaves it.

It speaks the documented call and the events that we assume, and shares no code with the rest of the project,
so that a test of one against the other means something.
"""
