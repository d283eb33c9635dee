"""The name of our method, apart from what carries it out: results are compared by it alone."""

METHOD = "2026.2"  # raise it when any number of a measurement can change
