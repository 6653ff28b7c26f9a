"""What must not change: messages as released versions wrote them, and numbers that published networks gave.

Files here are never changed; tests decode and reproduce them all.
"""
