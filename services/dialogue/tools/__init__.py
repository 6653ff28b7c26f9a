"""Tools for the language model, from servers of the Model Context Protocol."""
