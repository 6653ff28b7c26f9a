"""What the person said: its sentences, and which kind of request each one is. Pure."""
