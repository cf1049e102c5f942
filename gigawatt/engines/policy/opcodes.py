"""The instructions of the machine: one operation on the accumulator, and where its other operand lies.

A row of code is (operation * 4 + place, index). The accumulator holds the value at hand; an instruction combines it
with an operand from the stack array, the constants or the features. Who changes a number here changes `machine.py` too:
Numba's cache of compiled code looks at that file alone.
"""

from __future__ import annotations

STACK, CONSTANT, FEATURE = 0, 1, 2  # where an operand lies

LOAD, STORE, ADD, SUB, RSUB, MUL, DIV, RDIV = 0, 1, 2, 3, 4, 5, 6, 7
LT, LE, GT, GE, EQ, NE, MIN, MAX = 8, 9, 10, 11, 12, 13, 14, 15
JUMP, JUMP_IF_ZERO, JUMP_UNLESS_ZERO, RETURN, NEG, NOT, ABS, SQRT = 16, 17, 18, 19, 20, 21, 22, 23
LOG, EXP, FLOOR, FLOORDIV, RFLOORDIV, MOD, RMOD, POW, RPOW = 24, 25, 26, 27, 28, 29, 30, 31, 32

# acc = acc OP operand, and acc = operand OP acc, by sign.
BINARY = {
    "+": (ADD, ADD),
    "-": (SUB, RSUB),
    "*": (MUL, MUL),
    "/": (DIV, RDIV),
    "//": (FLOORDIV, RFLOORDIV),
    "%": (MOD, RMOD),
    "**": (POW, RPOW),
    "<": (LT, GT),
    "<=": (LE, GE),
    ">": (GT, LT),
    ">=": (GE, LE),
    "==": (EQ, EQ),
    "!=": (NE, NE),
    "min": (MIN, MIN),
    "max": (MAX, MAX),
}
UNARY = {"-": NEG, "not": NOT, "abs": ABS, "sqrt": SQRT, "log": LOG, "exp": EXP, "floor": FLOOR}
