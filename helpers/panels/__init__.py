"""The widgets: the tool console, the inspector, and what both are made of."""
