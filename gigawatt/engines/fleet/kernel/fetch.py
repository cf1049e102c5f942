"""A hint to the processor: a record will be needed soon. It changes no result."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from gigawatt.engines.fleet.kernel.jit import INTERPRETED
from gigawatt.engines.fleet.kernel.layout import LINE_BYTES

READ, STAYS, DATA = 0, 3, 1  # arguments of llvm.prefetch: for reading, into every cache, of data


@intrinsic
def _fetch(typing: Any, records: Any, index: Any) -> Any:
    """Fetch all lines of a record."""
    size = records.dtype.size

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, whole = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = builder.bitcast(context.make_array(records)(context, builder, arguments[0]).data, pointer)
        hint = builder.module.declare_intrinsic(
            "llvm.prefetch", [pointer], ir.FunctionType(ir.VoidType(), [pointer, whole, whole, whole])
        )
        first = builder.mul(arguments[1], ir.Constant(arguments[1].type, size))
        for offset in range(0, size, LINE_BYTES):
            at = builder.add(first, ir.Constant(first.type, offset))
            builder.call(hint, [builder.gep(data, [at]), whole(READ), whole(STAYS), whole(DATA)])
        return context.get_dummy_value()

    return types.void(records, types.intp), code


def _no_fetch(records: Any, index: int) -> None:
    """Do nothing."""


fetch: Any = _no_fetch if INTERPRETED else _fetch
