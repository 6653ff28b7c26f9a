"""Pictures that strangers sent: told by their signatures, decoded in a process of their own, and made clean."""
