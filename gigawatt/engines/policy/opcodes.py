"""The instructions of the machine: registers in, one register out.

Registers are the cells of the stack array: 0 counts faults, then come the features that the program reads, its
constants, its local names, temporary values. Code starts with a row (number of features, 0) and one row (index, 0)
for each of them; then a row is (operation + 256 * target, first + 65536 * second). `target` is a register, or for
jumps a row.

Who changes a number here changes `machine.py` too: Numba's cache of compiled code looks at that file alone.
"""

from __future__ import annotations

ADD, SUB, MUL, DIV, MIN, MAX, MOVE, NEG = 0, 1, 2, 3, 4, 5, 6, 7
LT, LE, GT, GE, EQ, NE, NOT, ABS = 8, 9, 10, 11, 12, 13, 14, 15
JUMP, JUMP_IF_ZERO, JUMP_UNLESS_ZERO, REPEAT, RETURN = 16, 17, 18, 19, 20  # REPEAT: backwards, unless zero
SQRT, LOG, EXP, FLOOR, FLOORDIV, MOD, POW = 21, 22, 23, 24, 25, 26, 27

BINARY = {
    "+": ADD,
    "-": SUB,
    "*": MUL,
    "/": DIV,
    "//": FLOORDIV,
    "%": MOD,
    "**": POW,
    "<": LT,
    "<=": LE,
    ">": GT,
    ">=": GE,
    "==": EQ,
    "!=": NE,
    "min": MIN,
    "max": MAX,
}
UNARY = {"-": NEG, "not": NOT, "abs": ABS, "sqrt": SQRT, "log": LOG, "exp": EXP, "floor": FLOOR}

TARGET_STEP = 256  # operations lie below
OPERAND_STEP = 65536  # first operands lie below
REGISTERS_MOST_COUNT = 32768  # so that the second operand fits the upper half of a signed 32-bit number
PASSES_MOST_COUNT = 1_000_000  # jumps backwards that a call may make before REPEAT falls through
