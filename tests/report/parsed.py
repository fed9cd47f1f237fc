"""An HTML page as its tests look at it: every element in order, with its attributes and the text up to its end."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br"}


@dataclass(eq=False)
class Element:
    tag: str
    attributes: dict
    text: str = ""
    parents: list = field(default_factory=list)


class Parsed(HTMLParser):
    """All elements of a page; it asserts that what opens is closed."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.elements, self._open = [], []
        self.feed(page)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), (tag, names)
        element = Element(tag, dict(attributes), parents=list(self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.elements.append(Element(tag, dict(attributes), parents=list(self._open)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop().tag == tag

    def handle_data(self, text):
        for element in self._open:
            element.text += text

    def all(self, *tags):
        return [element for element in self.elements if element.tag in tags]
