"""The state as one pointer, for Numba: `WorldType` points to the arrays of a `layout.World` on the stack of the entry.

Numba passes a tuple of arrays as some hundred arguments, with the layout of each record spelled out in each
function's name; a pointer is one argument. All here is made by what Numba offers to those who extend it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import from_dtype, types  # type: ignore[attr-defined]
from numba.core import cgutils, imputils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, lower_getattr_generic, models, register_model

from gigawatt.engines.fleet.kernel import layout


class WorldType(types.Type):  # type: ignore[misc]
    """A pointer to the arrays of a `layout.World`."""

    def __init__(self) -> None:
        super().__init__(name="World")
        self.fields = {
            name: types.Array(from_dtype(np.dtype(dtype)), dimensions, "C")
            for name, (dtype, dimensions) in layout.FIELDS.items()
        }


WORLD = WorldType()


@register_model(WorldType)
class WorldModel(models.OpaqueModel):  # type: ignore[misc]
    """The pointer."""


@infer_getattr
class WorldAttributes(AttributeTemplate):  # type: ignore[misc]
    """The arrays by name."""

    key = WorldType

    def generic_resolve(self, world: WorldType, name: str) -> Any:  # type: ignore[override]
        """Return the type of an array."""
        return world.fields.get(name)


def _struct(context: Any, builder: Any, pointer: Any) -> Any:
    """Return the pointer as one to the struct of arrays."""
    parts = [context.get_value_type(kind) for kind in WORLD.fields.values()]
    return builder.bitcast(pointer, ir.LiteralStructType(parts).as_pointer())


@lower_getattr_generic(WorldType)  # type: ignore[untyped-decorator]
def _load(context: Any, builder: Any, kind: WorldType, pointer: Any, name: str) -> Any:
    """Load one array."""
    index = list(kind.fields).index(name)
    value = builder.load(cgutils.gep_inbounds(builder, _struct(context, builder, pointer), 0, index))
    return imputils.impl_ret_borrowed(context, builder, kind.fields[name], value)


def pointing(arrays: Any) -> Any:
    """Return signature and code of an intrinsic that puts a tuple's arrays on the stack and says where they are."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        parts = [context.get_value_type(kind) for kind in WORLD.fields.values()]
        place = cgutils.alloca_once(builder, ir.LiteralStructType(parts))
        for index in range(len(parts)):
            value = builder.extract_value(arguments[0], index)
            builder.store(value, cgutils.gep_inbounds(builder, place, 0, index))
        return builder.bitcast(place, context.get_value_type(WORLD))

    return WORLD(arrays), code
