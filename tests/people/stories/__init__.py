"""The stories. Each function is one, with a world of its own."""
