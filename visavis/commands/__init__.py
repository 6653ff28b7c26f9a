"""The command line of each command: its arguments, and a function that imports and runs what it does.

A module has `add(commands)`, which `visavis.__main__` calls. It imports nothing that is slow to import at its top:
`visavis --help` imports all of them.
"""
