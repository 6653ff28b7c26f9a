"""Measurements of Visavis: each module is a command that prints Markdown."""

import services  # noqa: F401 - before numpy: one thread for BLAS, as in the services
