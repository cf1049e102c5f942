"""What programs compute: by hand, by the rules for operations without a value, and how many steps they take."""

from __future__ import annotations

import math
import subprocess
import sys

import numba
import numpy as np
import pytest

from gigawatt.engines.policy import Feature, Features, Limits, compile_policy
from gigawatt.engines.policy.arithmetic import LARGEST, evaluate
from gigawatt.engines.policy.machine import run
from gigawatt.errors import EngineError

TABLE = Features(
    (
        Feature("job_gpus", "GPU", "Accelerators asked for."),
        Feature("run_time_h", "h", "Running time as stated."),
        Feature("wait_h", "h", "Time in the queue."),
    )
)
FEATURES = np.array([2048.0, 3.0, 8.0])
ORDER = """
def order(job_gpus, run_time_h, wait_h):
    # old and short first
    score = wait_h / (1 + run_time_h)
    if job_gpus >= 1024:
        score = score * 2
    for k in range(3):
        score += k * 0.1
    return score
"""


def value_of(text, features=FEATURES):
    """Run a policy on the machine and by walking its tree; both must agree. Return value and faults."""
    program = compile_policy(text, TABLE)
    stack = program.new_stack()
    value = float(run(program.code, program.constants, features, stack))
    walked = evaluate(program.tree, dict(zip(TABLE.names, features, strict=True)))
    assert (value, stack[0]) == (walked.value, walked.faults_count)
    return value, int(stack[0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (ORDER, 8.0 / 4.0 * 2.0 + 0.0 + 0.1 + 0.2),
        ("wait_h / (1 + run_time_h)", 2.0),
        ("run_time_h - wait_h - 1", -6.0),
        ("(run_time_h + 1) / (wait_h - 6)", 2.0),
        ("2 ** run_time_h ** 2", 512.0),
        ("-run_time_h ** 2", -9.0),
        ("-7 // 2", -4.0),
        ("-wait_h // 3", -3.0),
        ("-wait_h % 3", 1.0),
        ("wait_h % -3", -1.0),
        ("1 < run_time_h < wait_h", 1.0),
        ("1 < wait_h < run_time_h", 0.0),
        ("wait_h > run_time_h * 2 > 5 == 5.0 != 6", 1.0),
        ("not wait_h", 0.0),
        ("wait_h and run_time_h", 3.0),
        ("0 and run_time_h", 0.0),
        ("wait_h or run_time_h", 8.0),
        ("0 or run_time_h or wait_h", 3.0),
        ("1 if wait_h > 10 else 2 if run_time_h > 2 else 3", 2.0),
        ("min(wait_h, run_time_h, 5)", 3.0),
        ("max(wait_h + 1, run_time_h * 4, 5)", 12.0),
        ("clip(wait_h, 0, run_time_h + 1)", 4.0),
        ("clip(-wait_h, 0, 1)", 0.0),
        ("abs(run_time_h - wait_h)", 5.0),
        ("sqrt(run_time_h * 3)", 3.0),
        ("log(exp(2))", 2.0),
        ("floor(-0.5 * run_time_h)", -2.0),
        ("floor(1e300)", 1e300),
        ("True + True", 2.0),
        ("1_000 + 0x1E+1", 1031.0),
        ("1.5e+1+.5E1-1.+0b11+0o17-1e0", 36.0),
    ],
)
def test_a_policy_computes_what_python_would(text, value):
    assert value_of(text) == (pytest.approx(value, rel=1e-15), 0)


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["x = 1", "x = x + (x and x + 5)", "return x"], 7.0),
        (["x = 2", "x = wait_h and x", "return x"], 2.0),
        (["x = 2", "x = 0 * wait_h or x + 1", "return x"], 3.0),
        (["x = 2", "x = wait_h < 9 < x * 5", "return x"], 1.0),
        (["x = 2", "x = max(wait_h, 9, x * 5)", "return x"], 10.0),
        (["x = 2", "x = (wait_h and x) if x else x", "return x"], 2.0),
        (["x = 2", "x = min(x * 3, x + 1, x * x)", "return x"], 3.0),
        (["x = 5", "x = 1 < x < x + 1", "return x"], 1.0),
        (["x = 5", "x = x * 2 if x > 4 else x", "return x"], 10.0),
        (["s = 0", "for k in range(2, 5):", "    s += k", "return s * 100 + k"], 904.0),
        (["s = 0", "for k in range(4):", "    k = k * 10", "    s += k", "return s"], 60.0),
        (["s = 0", "for k in range(3):", "    for k in range(2):", "        s += 1", "return s * 10 + k"], 61.0),
        (["for k in range(-3, 9):", "    if k * k == 4:", "        return k", "return 99"], -2.0),
        (["for k in range(9):", "    return k + 7"], 7.0),
        (["if wait_h < 1:", "    a = 1", "elif wait_h < 10:", "    a = 2", "else:", "    return 3", "return a"], 2.0),
        (["if wait_h < 1:", "    return 1", "a = 2", "return a"], 2.0),
    ],
)
def test_names_branches_and_loops_behave_as_in_python(lines, value):
    text = "def f(wait_h):\n" + "".join(f"    {line}\n" for line in lines)
    assert value_of(text) == (value, 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 / (wait_h - 8)", 0.0),
        ("wait_h // (wait_h - 8)", 0.0),
        ("wait_h % (wait_h - 8)", 0.0),
        ("log(wait_h - 8)", 0.0),
        ("sqrt(-wait_h)", 0.0),
        ("(wait_h - 8) ** -1", 0.0),
        ("(-wait_h) ** 0.5", 0.0),
        ("exp(wait_h * 1000)", LARGEST),
        ("wait_h ** 1000", LARGEST),
        ("(-wait_h) ** 1001", -LARGEST),
        ("wait_h * 1e300", LARGEST),
        ("-wait_h * 1e300", -LARGEST),
        ("wait_h / 1e-290 // 1e-290", LARGEST),
        ("wait_h * 1e300 - wait_h * 1e300 + 1", 1.0),  # two faults
    ],
)
def test_an_operation_without_a_value_gives_nothing_and_one_too_large_the_largest(text, value):
    found, faults_count = value_of(text)
    assert found == value
    assert faults_count == (2 if "- wait_h *" in text else 1)


@pytest.mark.parametrize(("given", "read"), [(math.nan, 0.0), (math.inf, LARGEST), (-math.inf, -LARGEST)])
def test_a_feature_that_is_not_finite_is_cut_and_counted_once_where_it_is_read(given, read):
    features = np.array([given, 3.0, 8.0])
    assert value_of("job_gpus", features) == (read, 1)
    assert value_of("max(job_gpus, job_gpus)", features) == (read, 1)
    assert value_of("wait_h", features) == (8.0, 0)


def test_faults_add_up_over_calls_in_the_first_cell():
    program = compile_policy("1 / wait_h", TABLE)
    stack = program.new_stack()
    for _ in range(5):
        run(program.code, program.constants, np.zeros(3), stack)
    assert stack[0] == 5.0


def test_a_short_circuit_does_not_touch_what_it_skips():
    assert value_of("1 / (wait_h - 8) if wait_h != 8 else -1") == (-1.0, 0)
    assert value_of("wait_h == 8 or 1 / (wait_h - 8)") == (1.0, 0)
    assert value_of("wait_h < 8 < 1 / (wait_h - 8)") == (0.0, 0)


@pytest.mark.parametrize(
    ("text", "steps_count"),
    [
        ("wait_h", 1),
        ("wait_h + 1", 2),
        ("(wait_h + 1) * (wait_h + 2)", 4),
        ("wait_h and run_time_h", 5),  # two moves, a jump, the result, return
        ("wait_h if job_gpus else run_time_h + wait_h", 4),
        ("def f():\n  for k in range(10):\n    x = k\n  return x", 1 + 10 * 5 + 1),
    ],
)
def test_the_bound_counts_the_steps_of_the_longest_path(text, steps_count):
    assert compile_policy(text, TABLE).cost_bound == steps_count


def test_a_middle_operand_of_a_chain_is_computed_once():
    text = "1"
    for _ in range(12):
        text = f"0 < ({text}) < wait_h"
    assert compile_policy(text, TABLE).cost_bound < 100  # doubling would take thousands
    assert value_of(text) == (1.0, 0)


def test_a_program_says_what_it_reads_and_equal_constants_are_kept_once():
    program = compile_policy("wait_h * 2 + 2.0 * job_gpus - 2", TABLE)
    assert program.features == ("job_gpus", "wait_h")
    assert program.constants.tolist() == [2.0]
    assert program.source == "wait_h * 2 + 2.0 * job_gpus - 2"
    assert program.code.dtype == np.int32
    assert program.code.shape[1] == 2


def test_a_program_runs_inside_compiled_loops_and_one_kernel_serves_all_programs():
    @numba.njit
    def scores(code, constants, features_NF, stack, out_N):
        for n in range(len(out_N)):
            out_N[n] = run(code, constants, features_NF[n], stack)

    features_NF = np.abs(np.sin(np.arange(300.0))).reshape(100, 3) * 50.0
    for text in ("wait_h / (1 + run_time_h)", ORDER):
        program, out_N = compile_policy(text, TABLE), np.empty(100)
        scores(program.code, program.constants, features_NF, program.new_stack(), out_N)
        rows = [dict(zip(TABLE.names, row, strict=True)) for row in features_NF]
        assert out_N.tolist() == [evaluate(program.tree, row).value for row in rows]
    assert len(scores.signatures) == 1


def test_a_loop_that_outlives_every_program_falls_through():
    program = compile_policy(
        "def f():\n  x = 0\n  for k in range(200):\n    x += 1\n  return x", TABLE, Limits(passes_count=200)
    )
    forged = program.constants.copy()
    forged[forged == 200.0] = math.inf  # no text can ask for this
    value = run(program.code, forged, FEATURES, program.new_stack())
    assert 200.0 < value <= 1_000_001.0


@pytest.mark.parametrize("name", ["min", "_x", "x y", "a__b", "for", "print", "", "größe"])
def test_a_table_with_a_name_that_cannot_be_written_is_our_own_defect(name):
    with pytest.raises(EngineError, match="plain, single and free"):
        Features((Feature(name, "-", "A feature."),))


def test_a_table_with_a_name_twice_is_our_own_defect():
    with pytest.raises(EngineError, match="wait_h"):
        Features((Feature("wait_h", "h", "One."), Feature("wait_h", "h", "Two.")))


def test_what_a_shell_adds_to_the_built_in_names_takes_no_name_away():
    code = "import builtins; builtins.display = lambda value: value; "
    code += "from gigawatt.engines.policy.features import TAKEN; print('display' in TAKEN, 'print' in TAKEN)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
