"""An identity provider: its keys, and whom its tokens name."""
