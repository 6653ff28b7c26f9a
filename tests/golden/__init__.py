"""Golden files: messages as released versions wrote them, and outputs of published networks.

These files are never changed; tests decode or reproduce all of them.
"""
