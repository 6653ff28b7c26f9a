"""The smallest engines of each kind; docs/engines.md explains them."""
