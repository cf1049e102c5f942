"""How the kernel is compiled with the one version of Numba whose inner parts are known: all functions together.

Numba compiles each function to machine code with all that it calls, so that a function ten calls down is compiled ten
times. Here a function is a *part*: it stays in LLVM's language until the entry is compiled, then all are optimised
together, once.

Only `jit` imports this module, and only under that version: what is used here Numba does not promise to keep.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import _dynfunc, types  # type: ignore[attr-defined]
from numba.core import compiler
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_machinery import register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering

F = TypeVar("F", bound=Callable[..., Any])


class PartLibrary(JITCodeLibrary):  # type: ignore[misc]
    """The code of one function, neither linked nor optimised on its own."""

    def finalize(self) -> None:
        """Leave it all to the entry."""
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        """Return this part with all that it needs; asked for by the entry alone."""
        if self._shared_module is None:
            module = self._final_module.clone()
            seen, ahead = {self}, list(self._linking_libraries)
            while ahead:
                library = ahead.pop()
                if library not in seen:
                    seen.add(library)
                    if isinstance(library, PartLibrary):
                        ahead += library._linking_libraries
                        module.link_in(_shared(library._final_module), preserve=True)
                    else:
                        module.link_in(library._get_module_for_linking(), preserve=True)
            self._shared_module = _shared(module)
        return self._shared_module


def _shared(module: Any) -> Any:
    """Let LLVM merge or drop the functions of a module."""
    for function in module.functions:
        if not function.is_declaration and function.linkage.name == "external":
            function.linkage = "linkonce_odr"
    return module


@register_pass(mutates_CFG=True, analysis_only=False)  # type: ignore[untyped-decorator]
class PartLowering(NativeLowering):  # type: ignore[misc]
    """Write a part in LLVM's language, and stop there."""

    _name = "part_lowering"

    def run_pass(self, state: Any) -> bool:
        """Lower the function and make it known to those that call it; Python cannot."""
        state.flags.no_compile = True
        context = state.targetctx
        state.library = PartLibrary(context.codegen(), state.func_id.func_qualname)
        super().run_pass(state)
        result = state["cr"]
        name = result.fndesc.qualname
        unreachable = _dynfunc.make_function(result.fndesc.lookup_module(), name, name, 0, result.env, (state.library,))
        context.insert_user_function(unreachable, result.fndesc, [state.library])
        state["cr"] = result._replace(cfunc=unreachable)
        return True


class PartCompiler(compiler.CompilerBase):  # type: ignore[misc]
    """Numba's pipeline with another last stage."""

    def define_pipelines(self) -> list[Any]:
        """Put `PartLowering` in the place of `NativeLowering`."""
        passes = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [(PartLowering if stage is NativeLowering else stage, about) for stage, about in passes.passes]
        passes._finalized = False
        passes.finalize()
        return [passes]


class PartDispatcher(CPUDispatcher):  # type: ignore[misc]
    """A function that is compiled once: for whole numbers of 64 bits and floats, whatever the caller has."""

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Widen the types of the arguments before the function is compiled for them; the caller converts."""
        return super().get_call_template(tuple(_widest(kind) for kind in args), kws)


def _widest(kind: Any) -> Any:
    """Return the type that stands for all of its sort."""
    kind = types.unliteral(kind)
    if isinstance(kind, types.Integer):
        return types.uint64 if kind == types.uint64 else types.int64
    return types.float64 if isinstance(kind, types.Float) else kind


def part(function: F) -> F:
    """Compile a part of the kernel: it allocates nothing, counts no references, and divides as IEEE says."""
    options = {
        "nopython": True,
        "error_model": "numpy",
        "_nrt": False,
        "no_cpython_wrapper": True,
        "no_cfunc_wrapper": True,
    }
    return cast(F, PartDispatcher(function, {}, options, pipeline_class=PartCompiler))
