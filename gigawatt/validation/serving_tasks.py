"""What is known of the tasks and deployments of published serving measurements beside their rows."""

from __future__ import annotations

from collections.abc import Mapping

# Mean prompt lengths of tasks whose logs do not state them. ASSUMPTIONS from the task definitions: MLPerf uses Open
# Orca for Llama 2 70B, LongBench and needle tasks for 405B, CNN/DailyMail for 8B, a mix for Mixtral, reasoning for R1.
TASK_INPUT_TOKENS: Mapping[str, float] = {
    "llama2-70b": 221.0,
    "llama3.1-405b": 9400.0,
    "llama3.1-8b": 950.0,
    "mixtral-8x7b": 355.0,
    "deepseek-r1": 800.0,
    "lm-arena-chat": 300.0,
    "gpqa": 250.0,
    "sourcegraph-fim": 1200.0,
}
# Spread of the lengths of answers of the same tasks, standard deviation over mean. ASSUMPTIONS: chat and code answers
# of natural length 0.7, reasoning up to its limit of 20,000 tokens 1.0; runs of 8B write 128 tokens each.
TASK_OUTPUT_CV: Mapping[str, float] = {
    "llama2-70b": 0.7,
    "llama3.1-405b": 0.5,
    "mixtral-8x7b": 0.7,
    "deepseek-r1": 1.0,
}
# Spread of the lengths of prompts where it is not the engine's default. Of Llama 3.1 405B it is not published; INFERRED
# from the times to first token of H200 systems of one replica under Poisson arrivals, not from their throughput:
# medians and 99th percentiles of 1.43 and 4.32 s at 0.31 requests/s, 1.51 and 5.51 s at 0.45. An M/G/1 queue meets both
# medians with one service time, 1.2 s, and comes nearest to both tails, 6 to 8 % above, with a spread of 0.2 to 0.3;
# with 0.5 they are 17 to 26 % too long.
TASK_INPUT_CV: Mapping[str, float] = {"llama3.1-405b": 0.25, "llama2-70b": 0.77, "llama3.1-8b": 0.43, "mixtral-8x7b": 0.69}
# Tensor parallelism, in one stage, of MLPerf submissions on TensorRT-LLM under latency limits, where a row does not
# state it: closed/*/configs of https://github.com/mlcommons/inference_results_v5.1, in which NVIDIA, Nebius, Dell, HPE
# and Quanta agree where several of them serve one model on one accelerator.
SUBMITTED_TENSOR_PARALLEL: Mapping[tuple[str, str], int] = {
    ("llama2-70b", "B200-SXM"): 1,
    ("llama2-70b", "GB200"): 1,
    ("llama2-70b", "H200-SXM"): 1,
    ("llama2-70b", "H200-NVL"): 1,
    ("llama3.1-405b", "B200-SXM"): 4,
    ("llama3.1-405b", "GB200"): 4,
    ("llama3.1-405b", "H200-SXM"): 8,
}
SUBMITTED_ROUND = "MLPerf Inference v5.1"
# Rounds in which submitters split models over tensor-parallel ranks only: the configurations of closed/NVIDIA in
# inference_results_v4.1 set tensor parallelism 1 or 2 and one stage for Llama 2 70B on every system.
WITHOUT_PIPELINE = ("MLPerf Inference v4.1",)
