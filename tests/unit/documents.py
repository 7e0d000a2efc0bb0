"""An HTML document as the standard library's parser reads it: elements, attributes, and what a reader sees."""

from __future__ import annotations

from html.parser import HTMLParser

_EMPTY = {"meta", "path", "circle", "input", "br"}
# HTML lets the end of these be left out where that begins.
_CLOSES = {"th": {"th"}, "tbody": {"th", "tr", "thead"}}


class Document(HTMLParser):
    """A parsed document.

    Attributes:
        elements: (name, attributes) of each, in their order.
        texts: the text of each element by its place in ``elements``, scripts and styles included.
        text: what a reader sees, on one line.
        unbalanced: ends without a beginning.
    """

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[int, str] = {}
        self.unbalanced: list[str] = []
        self._open: list[int] = []
        self._seen: list[str] = []
        self.feed(source)
        self.close()

    @property
    def text(self) -> str:
        """What a reader sees, on one line."""
        return " ".join("".join(self._seen).split())

    def handle_starttag(self, tag, attrs):
        """Note an element, and close what it closes."""
        while self._open and self.elements[self._open[-1]][0] in _CLOSES.get(tag, ()):
            self._open.pop()
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _EMPTY:
            self._open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag, attrs):
        """Note an element without content."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        """Close the element."""
        if self._open and self.elements[self._open[-1]][0] == tag:
            self._open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        """Note a text, with every element that it stands in."""
        for place in self._open:
            self.texts[place] = self.texts.get(place, "") + data
        if not any(self.elements[place][0] in ("script", "style", "title") for place in self._open):
            self._seen.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def all_texts(self, tag: str) -> list[str]:
        """Return the text of every element of a kind."""
        return [self.texts.get(place, "") for place, (name, _) in enumerate(self.elements) if name == tag]
