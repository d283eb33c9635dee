"""Elements of SVG as text. Everything that is not itself an element is escaped."""

from html import escape


class Svg(str):
    """Text that is markup already."""

    __slots__ = ()

    def __html__(self) -> str:
        """So that a template takes it for what it is."""
        return self


def element(name: str, /, *children: str, **attributes: str | float | None) -> Svg:
    """One element. In an attribute's name `_` stands for a hyphen, at its end for nothing.

    None leaves the attribute out. There is no way to give a style: pages forbid it, classes do it.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_attribute(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(c if isinstance(c, Svg) else escape(c, quote=False) for c in children)
    return Svg(f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>")


def group(*children: str) -> Svg:
    """Elements one after the other, without anything around them."""
    return Svg("".join(c if isinstance(c, Svg) else escape(c, quote=False) for c in children))


def percent(share: float) -> str:
    """A place along the width: 0.12345 as "12.35%", finer than a pixel of any screen."""
    return f"{_attribute(round(100 * share, 2))}%"


def _attribute(value: str | float) -> str:
    if isinstance(value, str):
        return value
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
