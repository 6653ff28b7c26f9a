"""Numbers that independent runs of published networks gave, and the recipe of the weights they were run with."""
