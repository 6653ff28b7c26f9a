"""A language model on this machine: the process that serves it with llama.cpp, and the chat engine that asks it."""
