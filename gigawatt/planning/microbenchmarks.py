"""Time products, attention, copies and collectives on the machine at hand: with PyTorch, or NumPy on a CPU.

PyTorch is optional and imported when asked for. Under `torchrun` with several ranks collectives are timed as well.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gigawatt.errors import InputError
from gigawatt.planning.measurements import Timing
from gigawatt.planning.nsight import range_name

FEWEST_REPEATS, WARM_UPS, BATCHES = 3, 3, 10
CLOCK_S = 1e-7  # shorter calls are below what the clock resolves
LONGEST_CALL_S = 0.5  # a product that takes longer tells no more than a smaller one
MARKED_CALLS = 5  # under an NVTX range each, after the timing, which they therefore cannot disturb
COLLECTIVE_CALLS = 20  # as many as nccl-tests takes
BYTES_PER_FP32 = 4


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is timed.

    Attributes
    ----------
    products : tuple of tuple
        m, n, k of matrix products.
    attentions : tuple of tuple
        batch, heads, sequence, head width.
    copies_bytes, messages_bytes : tuple of int
        Sizes of copies and of collectives. [B]
    timing_s : float
        Time spent on each. [s]
    """

    products: tuple[tuple[int, int, int], ...]
    attentions: tuple[tuple[int, int, int, int], ...]
    copies_bytes: tuple[int, ...]
    messages_bytes: tuple[int, ...]
    timing_s: float


def _products(sizes: tuple[int, ...], thin: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    """Cubes, and thin shapes in which memory traffic shows."""
    cubes = tuple((size, size, size) for size in sizes)
    wide = sizes[-1]
    return cubes + tuple(shape for few in thin for shape in ((few, wide, wide), (wide, wide, few)))


# Sizes of layers from 1B to 400B parameters; large copies, which no cache holds; messages from latency to bandwidth.
GPU_SWEEP = Sweep(
    products=_products((256, 512, 1024, 2048, 4096, 8192, 16384), (128, 256, 512, 1024, 2048)),
    attentions=tuple((4, 32, sequence, width) for sequence in (512, 1024, 2048, 4096, 8192) for width in (64, 128)),
    copies_bytes=tuple(2**power for power in range(20, 33, 2)),
    messages_bytes=tuple(2**power for power in range(12, 31)),
    timing_s=0.3,
)
CPU_SWEEP = Sweep(
    products=_products((128, 256, 512, 1024, 2048), (128, 256)),
    attentions=tuple((1, 8, sequence, width) for sequence in (256, 512, 1024) for width in (64, 128)),
    copies_bytes=tuple(2**power for power in range(26, 31)),
    messages_bytes=tuple(2**power for power in range(12, 26, 2)),
    timing_s=0.3,
)
QUICK_SWEEP = Sweep(
    products=_products((128, 256, 512, 1024), (128,)),
    attentions=tuple((1, 4, sequence, 64) for sequence in (128, 256, 512)),
    copies_bytes=tuple(2**power for power in range(25, 28)),
    messages_bytes=tuple(2**power for power in range(12, 24, 2)),
    timing_s=0.04,
)


def has_torch() -> bool:
    """Whether PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def _torch() -> Any:
    """Import PyTorch; raise InputError in one sentence where it is absent."""
    if not has_torch():
        message = "PyTorch is not installed: install torch as its site says for your machine, or measure --device cpu"
        raise InputError(message)
    return importlib.import_module("torch")


def call_time_s(call: Callable[[], object], timing_s: float, wait: Callable[[], object] | None = None) -> float:
    """Return the time of one call, in batches long enough for the clock.

    Parameters
    ----------
    call : callable
        What is timed.
    timing_s : float
        Time to spend, about. [s]
    wait : callable, optional
        Waits for what `call` has only queued on a GPU.

    Returns
    -------
    float
        Median of the batches on a GPU. The least of them on a CPU, where whatever else runs can only add time. [s]
    """

    def batch_s(calls: int) -> float:
        started = time.perf_counter()
        for _ in range(calls):
            call()
        if wait:
            wait()
        return (time.perf_counter() - started) / calls

    once_s = max(min(batch_s(1) for _ in range(WARM_UPS)), CLOCK_S)
    calls = max(1, math.ceil(timing_s / BATCHES / once_s))
    repeats = max(FEWEST_REPEATS, round(timing_s / (calls * once_s)))
    found = [batch_s(calls) for _ in range(repeats)]
    return statistics.median(found) if wait else min(found)


def _short_enough(products: tuple[tuple[int, int, int], ...], timed: Callable[..., float]) -> Iterator[Any]:
    """Time products from small to large; leave out those that would take longer than `LONGEST_CALL_S`."""
    rate = math.inf
    for shape in sorted(products, key=math.prod):
        work = 2.0 * math.prod(shape)
        if work / rate <= LONGEST_CALL_S:
            time_s = timed(*shape)
            rate = work / time_s
            yield shape, time_s


def measure(device: str, quick: bool = False, ranks: int = 1) -> tuple[list[Timing], dict[str, str]]:
    """Time what a profile needs on the machine at hand.

    Parameters
    ----------
    device : str
        cpu or cuda.
    quick : bool
        Few, small shapes: seconds rather than minutes, for a trial.
    ranks : int
        Processes that `torchrun` started; collectives are timed where there are several.

    Returns
    -------
    tuple
        Timings, and remarks: device, software, date of measurement.

    Raises
    ------
    InputError
        If PyTorch or the device is absent.
    """
    if device not in ("cpu", "cuda"):
        message = f'--device: "{device}" is neither cpu nor cuda'
        raise InputError(message)
    sweep = QUICK_SWEEP if quick else GPU_SWEEP if device == "cuda" else CPU_SWEEP
    if device == "cpu" and ranks == 1 and not has_torch():
        timings, about = list(_with_numpy(sweep)), {"device": _cpu_name(), "software": f"NumPy {np.__version__}"}
    else:
        timings, about = _with_torch(_torch(), device, sweep, ranks)
    return timings, about | {"date": time.strftime("%Y-%m-%d")}


def _cpu_name() -> str:
    """Name of the processor, as far as the platform tells."""
    return f"{platform.processor() or platform.machine()} CPU, {platform.system()}"


def _gemm(shape: tuple[int, int, int], precision: str, time_s: float) -> Timing:
    return Timing("gemm", time_s, 0, precision, dict(zip("mnk", shape, strict=True)))


def _attention(shape: tuple[int, int, int, int], causal: bool, training: bool, time_s: float) -> Timing:
    names = ("batch", "heads", "sequence", "head_dim")
    return Timing("attention", time_s, 0, "", dict(zip(names, shape, strict=True)) | {"causal": int(causal)}, training)


# --- NumPy ---------------------------------------------------------------------------------------------------


def _with_numpy(sweep: Sweep) -> Iterator[Timing]:
    """Time products, attention and copies in 32 bits."""
    random = np.random.default_rng(0)

    def product_s(m: int, n: int, k: int) -> float:
        left, right = random.random((m, k), dtype=np.float32), random.random((k, n), dtype=np.float32)
        out = np.empty((m, n), dtype=np.float32)
        return call_time_s(lambda: np.matmul(left, right, out=out), sweep.timing_s)

    for product, time_s in _short_enough(sweep.products, product_s):
        yield _gemm(product, "fp32", time_s)
    for shape in sweep.attentions:
        parts = [random.random(shape, dtype=np.float32) - np.float32(0.5) for _ in range(4)]
        for training in (False, True):
            time_s = call_time_s(_later(attention_numpy, *parts, training), sweep.timing_s)
            yield _attention(shape, False, training, time_s)
    for size in sweep.copies_bytes:
        source = np.ones(size // BYTES_PER_FP32, dtype=np.float32)
        target = np.empty_like(source)
        time_s = call_time_s(_later(np.copyto, target, source), sweep.timing_s)
        yield Timing("memory_copy", time_s, 0, sizes={"bytes": size})


def attention_numpy(
    query: np.ndarray[Any, Any],
    key: np.ndarray[Any, Any],
    value: np.ndarray[Any, Any],
    gradient: np.ndarray[Any, Any],
    training: bool = False,
) -> tuple[np.ndarray[Any, Any], ...]:
    """Attention without a mask, and its gradients where asked.

    Parameters
    ----------
    query, key, value, gradient : array, shape (batch, heads, sequence, width)
        Inputs, and the gradient of the output.
    training : bool
        Whether the gradients of query, key and value follow the output.

    Returns
    -------
    tuple of array
        Output, and in training three gradients.
    """
    scale = query.dtype.type(1.0 / math.sqrt(query.shape[-1]))
    scores = query @ key.swapaxes(-1, -2) * scale
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    output = scores @ value
    if not training:
        return (output,)
    of_scores = gradient @ value.swapaxes(-1, -2)
    of_scores -= (gradient * output).sum(axis=-1, keepdims=True)
    of_scores *= scores
    of_scores *= scale
    return output, of_scores @ key, of_scores.swapaxes(-1, -2) @ query, scores.swapaxes(-1, -2) @ gradient


# --- PyTorch -------------------------------------------------------------------------------------------------


def _with_torch(torch: Any, device: str, sweep: Sweep, ranks: int) -> tuple[list[Timing], dict[str, str]]:
    """Time everything with PyTorch; with several ranks the collectives alone, which need all of them."""
    if device == "cuda" and not torch.cuda.is_available():
        message = "--device cuda: PyTorch sees no GPU on this machine"
        raise InputError(message)
    name = torch.cuda.get_device_name() if device == "cuda" else _cpu_name()
    about = {"device": name, "software": f"PyTorch {torch.__version__}"}
    if ranks > 1:
        return _collectives(torch, device, sweep, ranks), about
    wait = torch.cuda.synchronize if device == "cuda" else None
    precisions = {"bf16": torch.bfloat16} if device == "cuda" else {"fp32": torch.float32, "bf16": torch.bfloat16}
    timings: list[Timing] = []

    def timed_s(call: Callable[[], object], of: Timing) -> float:
        time_s = call_time_s(call, sweep.timing_s, wait)
        if wait and not of.training:
            _mark(torch, range_name(of), call)
            wait()
        return time_s

    with torch.no_grad():
        for precision, kind in precisions.items():

            def product_s(m: int, n: int, k: int, kind: Any = kind, precision: str = precision) -> float:
                left, right = (torch.randn(size, device=device, dtype=kind) for size in ((m, k), (k, n)))
                return timed_s(_later(torch.matmul, left, right), _gemm((m, n, k), precision, 0.0))

            timings += [_gemm(shape, precision, time_s) for shape, time_s in _short_enough(sweep.products, product_s)]
        for size in sweep.copies_bytes:
            source = torch.ones(size, dtype=torch.uint8, device=device)
            copy = Timing("memory_copy", 0.0, 0, sizes={"bytes": size})
            timings.append(replace(copy, time_s=timed_s(_later(torch.empty_like(source).copy_, source), copy)))
    kind = precisions.get("fp32", torch.bfloat16)
    for shape in sweep.attentions:
        for training in (False, True):
            inputs = [torch.randn(shape, device=device, dtype=kind, requires_grad=training) for _ in range(3)]
            call = _later(_attend_torch, torch, inputs, training)
            attention = _attention(shape, True, training, 0.0)
            timings.append(replace(attention, time_s=timed_s(call, attention)))
    return timings, about


def _mark(torch: Any, name: str, call: Callable[[], object]) -> None:
    """Call under NVTX ranges, by which a profiler tells what it times.

    Training is not marked: its backward pass is launched by another thread, which a range of this one does not hold.
    """
    for _ in range(MARKED_CALLS):
        torch.cuda.nvtx.range_push(name)
        try:
            call()
        finally:
            torch.cuda.nvtx.range_pop()


def _later(function: Callable[..., object], *arguments: object) -> Callable[[], object]:
    """Bind arguments now, so that a loop's next values do not slip in."""
    return lambda: function(*arguments)


def _attend_torch(torch: Any, inputs: list[Any], training: bool) -> None:
    """Fused causal attention, and its backward pass in training."""
    output = torch.nn.functional.scaled_dot_product_attention(*inputs, is_causal=True)
    if training:
        torch.autograd.grad(output, inputs, output)


def _collectives(torch: Any, device: str, sweep: Sweep, ranks: int) -> list[Timing]:
    """Time all-reduce and all-gather over the ranks that torchrun started; the slowest rank counts."""
    distributed = importlib.import_module("torch.distributed")
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        if device == "cuda":
            torch.cuda.set_device(distributed.get_rank() % torch.cuda.device_count())
        wait: Callable[[], object] = torch.cuda.synchronize if device == "cuda" else lambda: None
        timings = []
        for size in sweep.messages_bytes:
            whole = torch.zeros(size // BYTES_PER_FP32, device=device)
            part = torch.zeros(size // BYTES_PER_FP32 // ranks, device=device)
            gathered = torch.zeros(part.numel() * ranks, device=device)
            calls = {
                "all_reduce": (size, _later(distributed.all_reduce, whole)),
                "all_gather": (
                    gathered.numel() * BYTES_PER_FP32,
                    _later(distributed.all_gather_into_tensor, gathered, part),
                ),
            }
            for kind, (message, call) in calls.items():
                time_s = _slowest_s(torch, distributed, device, call, wait)
                timings.append(Timing(kind, time_s, 0, sizes={"bytes": message, "ranks": ranks}))
        return timings
    finally:
        distributed.destroy_process_group()


def _slowest_s(
    torch: Any, distributed: Any, device: str, call: Callable[[], object], wait: Callable[[], object]
) -> float:
    """Time a collective with the same number of calls on every rank, for all must take part in each."""
    for _ in range(FEWEST_REPEATS):
        call()
    distributed.barrier()
    wait()
    started = time.perf_counter()
    for _ in range(COLLECTIVE_CALLS):
        call()
    wait()
    mean_s = torch.tensor([(time.perf_counter() - started) / COLLECTIVE_CALLS], device=device, dtype=torch.float64)
    distributed.all_reduce(mean_s, op=distributed.ReduceOp.MAX)
    return float(mean_s.item())
