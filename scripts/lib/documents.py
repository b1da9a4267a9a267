"""The code blocks of documents, and whether what was printed is what they show."""

import re
from dataclasses import dataclass


@dataclass
class Block:
    """A fenced block: the line of its first line of text, from 1, and the language that it is marked with."""

    line: int
    language: str
    lines: list

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"


def blocks(path):
    """The blocks of a document in Markdown, in their order."""
    found, current = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        fence = re.fullmatch(r"\s*```(\S*)\s*", line)
        if fence and current is None:
            current = Block(number + 1, fence[1], [])
        elif fence:
            found.append(current)
            current = None
        elif current is not None:
            current.lines.append(line)
    if current is not None:
        raise SystemExit(f"{path}: the block that begins at line {current.line} has no end")
    return found


def matches(wanted, said):
    """Whether a printed line is the documented one; "..." in it stands for anything."""
    pattern = ".*".join(re.escape(part) for part in wanted.split("..."))
    return re.fullmatch(pattern, said) is not None


def missing(wanted, said):
    """The first of the documented lines that the printed ones lack, in their order; None if none does. Blank
    lines do not count, nor do blanks at the ends."""
    rest = iter([line.strip() for line in said.splitlines()])
    for line in filter(None, (line.strip() for line in wanted)):
        if not any(matches(line, found) for found in rest):
            return line
    return None
