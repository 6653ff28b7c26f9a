"""Messages as released versions wrote them. Files here are never changed; a test decodes them all."""
