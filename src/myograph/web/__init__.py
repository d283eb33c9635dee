"""The edge that speaks HTTP: pages for people, an interface for programs."""
