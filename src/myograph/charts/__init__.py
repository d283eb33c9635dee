"""Data to SVG text, for pages, print and notebooks. Pure: no request, no template, no style."""
