"""A small evaluator of spreadsheet formulas, for tests: what the sheet Finance uses, and nothing else.

It shares no code with the package. Values are floats, texts or numpy arrays (a range). Operators bind as in Excel:
comparison, concatenation, sum, product, power, sign.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from scipy.optimize import brentq

TOKEN = re.compile(
    r'\s*(?:(?P<text>"[^"]*")|(?P<range>\$?[A-Z]+\$?\d+:\$?[A-Z]+\$?\d+)|(?P<cell>\$?[A-Z]+\$?\d+)(?!\()'
    r"|(?P<name>[A-Z]+)\(|(?P<number>\d+\.?\d*(?:E[+-]?\d+)?)|(?P<sign><=|>=|<>|[-+*/^&=<>(),]))"
)


def column_number(letters: str) -> int:
    """A is 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


class Sheet:
    """Cells of one sheet, computed on demand."""

    def __init__(self, sheet: Any) -> None:
        self.content = {(cell.row, cell.column): cell.value for row in sheet.iter_rows() for cell in row}
        self.known: dict[tuple[int, int], Any] = {}

    def change(self, address: str, value: Any) -> None:
        """Overwrite a cell and forget what was computed."""
        self.content[self.place(address)] = value
        self.known.clear()

    @staticmethod
    def place(address: str) -> tuple[int, int]:
        """Row and column of an address."""
        letters, digits = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", address).groups()
        return int(digits), column_number(letters)

    def __getitem__(self, address: str) -> Any:
        return self.at(self.place(address))

    def at(self, place: tuple[int, int]) -> Any:
        """Value of a cell."""
        if place not in self.known:
            content = self.content.get(place)
            formula = isinstance(content, str) and content.startswith("=")
            self.known[place] = Formula(self, content[1:]).value() if formula else content
        return self.known[place]

    def range(self, text: str) -> np.ndarray:
        """Values of a range, flat."""
        (top, left), (bottom, right) = (self.place(part) for part in text.split(":"))
        cells = [self.at((row, column)) for row in range(top, bottom + 1) for column in range(left, right + 1)]
        return np.array([0.0 if cell is None else cell for cell in cells], dtype=float)


class ExcelError(Exception):
    """An error value."""


class Formula:
    """Recursive descent over one formula."""

    def __init__(self, sheet: Sheet, text: str) -> None:
        self.sheet, self.tokens = sheet, []
        position = 0
        while position < len(text):
            match = TOKEN.match(text, position)
            assert match, text[position:]
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        self.next = 0

    def value(self) -> Any:
        found = self.compared()
        assert self.next == len(self.tokens), self.tokens[self.next :]
        return found

    def take(self, *signs: str) -> str | None:
        """Return the next token if it is one of these signs."""
        if self.next < len(self.tokens) and self.tokens[self.next] in [("sign", sign) for sign in signs]:
            self.next += 1
            return self.tokens[self.next - 1][1]
        return None

    def compared(self) -> Any:
        left = self.joined()
        while sign := self.take("=", "<>", "<", ">", "<=", ">="):
            right = self.joined()
            left = {
                "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b,
                ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
            }[sign](left, right)  # fmt: skip
        return left

    def joined(self) -> Any:
        left = self.summed()
        while self.take("&"):
            right = self.summed()
            left = "".join(part if isinstance(part, str) else f"{part:.15g}" for part in (left, right))
        return left

    def summed(self) -> Any:
        left = self.multiplied()
        while sign := self.take("+", "-"):
            right = self.multiplied()
            left = left + right if sign == "+" else left - right
        return left

    def multiplied(self) -> Any:
        left = self.powered()
        while sign := self.take("*", "/"):
            right = self.powered()
            if sign == "/" and np.any(np.asarray(right) == 0):
                raise ExcelError("#DIV/0!")
            left = left * right if sign == "*" else left / right
        return left

    def powered(self) -> Any:
        left = self.signed()
        while self.take("^"):
            left = left ** self.signed()
        return left

    def signed(self) -> Any:
        if self.take("-"):
            return -self.signed()
        return self.single()

    def single(self) -> Any:
        if self.take("("):
            found = self.compared()
            assert self.take(")")
            return found
        kind, text = self.tokens[self.next]
        self.next += 1
        if kind == "number":
            return float(text)
        if kind == "text":
            return text[1:-1]
        if kind == "cell":
            found = self.sheet[text]
            return 0.0 if found is None else found
        if kind == "range":
            return self.sheet.range(text)
        assert kind == "name", text
        return self.called(text)

    def arguments(self) -> list[tuple[int, int]]:
        """Spans of tokens of the arguments, so that IF computes one branch alone."""
        spans, depth, start = [], 0, self.next
        while True:
            kind, text = self.tokens[self.next]
            if kind == "name" or (kind, text) == ("sign", "("):
                depth += 1
            elif (kind, text) == ("sign", ")"):
                if depth == 0:
                    spans.append((start, self.next))
                    self.next += 1
                    return spans
                depth -= 1
            elif (kind, text) == ("sign", ",") and depth == 0:
                spans.append((start, self.next))
                start = self.next + 1
            self.next += 1

    def of(self, span: tuple[int, int]) -> Any:
        part = Formula(self.sheet, "")
        part.tokens = self.tokens[span[0] : span[1]]
        return part.value()

    def called(self, name: str) -> Any:
        spans = self.arguments()
        if name == "IF":
            return self.of(spans[1] if self.of(spans[0]) else spans[2])
        if name == "IFERROR":
            try:
                return self.of(spans[0])
            except ExcelError:
                return self.of(spans[1])
        given = [self.of(span) for span in spans]
        return FUNCTIONS[name](*given)


def fits(values: np.ndarray, criterion: str) -> np.ndarray:
    """Which values a criterion such as ">3" takes."""
    sign, number = re.fullmatch(r"(<=|>=|<|>)(.+)", criterion).groups()
    bound = float(number)
    return {"<=": values <= bound, ">=": values >= bound, "<": values < bound, ">": values > bound}[sign]


def sumifs(summed: np.ndarray, *pairs: Any) -> float:
    kept = np.ones(summed.size, dtype=bool)
    for values, criterion in zip(pairs[::2], pairs[1::2], strict=True):
        kept &= fits(values, criterion)
    return float(summed[kept].sum())


def irr(flows: np.ndarray, guess: float = 0.1) -> float:
    """Rate a period, nearest to the guess."""
    grid = np.linspace(-0.2, 0.2, 4001)
    worth = [float(flows @ (1.0 + rate) ** -np.arange(flows.size)) for rate in grid]
    roots = [
        brentq(lambda rate: flows @ (1.0 + rate) ** -np.arange(flows.size), grid[i], grid[i + 1], xtol=1e-15)
        for i in range(grid.size - 1)
        if worth[i] * worth[i + 1] < 0.0
    ]
    if not roots:
        raise ExcelError("#NUM!")
    return min(roots, key=lambda root: abs(root - guess))


def index(values: np.ndarray, place: float) -> float:
    assert 1 <= place <= values.size
    return float(values[int(place) - 1])


FUNCTIONS: dict[str, Any] = {
    "SUM": lambda *parts: float(sum(np.sum(part) for part in parts)),
    "SUMPRODUCT": lambda *parts: float(np.prod(np.vstack([np.ravel(part) for part in parts]), axis=0).sum()),
    "SUMIFS": sumifs,
    "SUMIF": sumifs,
    "MAX": lambda *parts: float(max(np.max(part) for part in parts)),
    "MIN": lambda *parts: float(min(np.min(part) for part in parts)),
    "INT": lambda value: float(np.floor(value)),
    "INDEX": index,
    "IRR": irr,
}


def sumif(values: np.ndarray, criterion: str) -> float:
    return sumifs(values, values, criterion)


FUNCTIONS["SUMIF"] = sumif
