"""Carries a conversation out of one system and into another: `visavis export` and `visavis import`."""
