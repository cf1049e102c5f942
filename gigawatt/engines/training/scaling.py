"""Scaling laws: what loss a budget buys, and how it is best split between parameters and tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gigawatt.errors import InputError

FLOPS_PER_PARAMETER_TOKEN = 6.0  # C = 6 N D, forward and backward, attention core left out [FLOP]


@dataclass(frozen=True, slots=True)
class LossLaw:
    r"""A parametric law :math:`L(N, D) = E + A / N^\alpha + B / D^\beta`.

    Attributes
    ----------
    name : str
    floor_nats : float
        Loss that no model gets below, in the tokens and text of the fit. [nat/token]
    parameters_factor, parameters_exponent : float
        :math:`A`, :math:`\alpha`.
    tokens_factor, tokens_exponent : float
        :math:`B`, :math:`\beta`.
    """

    name: str
    floor_nats: float
    parameters_factor: float
    parameters_exponent: float
    tokens_factor: float
    tokens_exponent: float


@dataclass(frozen=True, slots=True)
class TokensLaw:
    r"""A law for the best number of tokens alone, :math:`D^*(C) = a\,C^b`."""

    name: str
    factor: float
    exponent: float


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best split of a budget.

    Attributes
    ----------
    flops : float
        Budget. [FLOP]
    parameters_count, tokens_count : float
    loss_nats : float
        At the optimum; NaN where the law does not give a loss. [nat/token]
    """

    flops: float
    parameters_count: float
    tokens_count: float
    loss_nats: float


# Hoffmann et al. 2022 (arXiv:2203.15556), approach 3, appendix D.3, on MassiveText. The paper prints 1.69, 0.34 and
# 0.28; the further digits are those that Besiroglu et al. report from its source.
HOFFMANN = LossLaw("hoffmann-2022", 1.6934, 406.4, 0.3392, 410.7, 0.2849)
# Besiroglu, Erdil, Barnett, You 2024 (arXiv:2404.10102), the same runs fitted again. It agrees with approaches 1 and 2
# of Hoffmann et al., which approach 3 does not. Standard errors: 0.03, 124.58, 0.02, 1293.23, 0.02.
BESIROGLU = LossLaw("besiroglu-2024", 1.8172, 482.01, 0.3478, 2085.43, 0.3658)
# Llama 3 (arXiv:2407.21783), section 3.2.1: D* = 0.29 C^0.53, extrapolated there to 16.55 T tokens at 3.8e25 FLOP.
# The printed, rounded exponent gives 10.5 T; this one is solved for the paper's own 16.55 T with 0.29 kept.
LLAMA_3_PRINTED = TokensLaw("llama-3-printed", 0.29, 0.53)
LLAMA_3 = TokensLaw("llama-3", 0.29, math.log(16.55e12 / 0.29) / math.log(3.8e25))
LAWS: dict[str, LossLaw | TokensLaw] = {law.name: law for law in (BESIROGLU, HOFFMANN, LLAMA_3, LLAMA_3_PRINTED)}


def _positive(**values: float) -> None:
    """Raise where a value is not above 0."""
    wrong = [f"{name}: {value:g} is not above 0" for name, value in values.items() if not value > 0.0]
    if wrong:
        raise InputError("; ".join(wrong))


def loss_nats(parameters_count: float, tokens_count: float, law: LossLaw = BESIROGLU) -> float:
    r"""Pre-training loss of a dense model.

    Parameters
    ----------
    parameters_count, tokens_count : float
        Parameters and training tokens. [-], [token]
    law : LossLaw
        Constants.

    Returns
    -------
    float
        Loss on the text of the law's fit; compare it within a law only. [nat/token]

    Raises
    ------
    InputError
        If a number is not positive.

    Notes
    -----
    :math:`L = E + A / N^\alpha + B / D^\beta` [1]_.

    References
    ----------
    .. [1] J. Hoffmann et al., "Training Compute-Optimal Large Language Models," arXiv:2203.15556, 2022, section 3.3.

    Examples
    --------
    >>> round(loss_nats(70e9, 1.4e12), 3), round(loss_nats(70e9, 1.4e12, HOFFMANN), 3)  # Chinchilla
    (1.974, 1.921)
    """
    _positive(parameters_count=parameters_count, tokens_count=tokens_count)
    of_size: float = law.parameters_factor / parameters_count**law.parameters_exponent
    of_data: float = law.tokens_factor / tokens_count**law.tokens_exponent
    return law.floor_nats + of_size + of_data


def training_flops(parameters_count: float, tokens_count: float) -> float:
    """FLOPs of training by the convention of the laws, 6 N D [FLOP]."""
    return FLOPS_PER_PARAMETER_TOKEN * parameters_count * tokens_count


def compute_optimal(flops: float, law: LossLaw | TokensLaw = BESIROGLU) -> Optimum:
    r"""Split a budget between parameters and tokens.

    Parameters
    ----------
    flops : float
        Training FLOPs. [FLOP]
    law : LossLaw or TokensLaw
        Constants.

    Returns
    -------
    Optimum

    Raises
    ------
    InputError
        If the budget is not positive.

    Notes
    -----
    Minimising the loss under :math:`C = 6 N D` gives :math:`N^* = G (C/6)^{\beta/(\alpha+\beta)}`,
    :math:`G = (\alpha A / \beta B)^{1/(\alpha+\beta)}` [1]_. A law of tokens leaves :math:`N^* = C / 6 D^*`.

    References
    ----------
    .. [1] J. Hoffmann et al., arXiv:2203.15556, 2022, equation 4.

    Examples
    --------
    >>> best = compute_optimal(5.76e23)  # the budget of Chinchilla, 70 B on 1.4 T
    >>> round(best.parameters_count / 1e9), round(best.tokens_count / 1e12, 2)
    (72, 1.33)
    """
    _positive(flops=flops)
    product = flops / FLOPS_PER_PARAMETER_TOKEN
    if isinstance(law, TokensLaw):
        tokens: float = law.factor * flops**law.exponent
        return Optimum(flops, product / tokens, tokens, math.nan)
    alpha, beta = law.parameters_exponent, law.tokens_exponent
    ratio = alpha * law.parameters_factor / (beta * law.tokens_factor)
    parameters: float = ratio ** (1.0 / (alpha + beta)) * product ** (beta / (alpha + beta))
    return Optimum(flops, parameters, product / parameters, loss_nats(parameters, product / parameters, law))


def tokens_for_loss(parameters_count: float, loss: float, law: LossLaw = BESIROGLU) -> float:
    r"""Tokens that bring a model of given size to a loss.

    Parameters
    ----------
    parameters_count : float
        Parameters. [-]
    loss : float
        Loss wanted. [nat/token]
    law : LossLaw
        Constants.

    Returns
    -------
    float
        :math:`D = (B / (L - E - A/N^\alpha))^{1/\beta}`. [token]

    Raises
    ------
    InputError
        If no number of tokens brings the model there; says what it could reach.

    Examples
    --------
    >>> f"{tokens_for_loss(8e9, loss_nats(8e9, 15e12)):.3g}"
    '1.5e+13'
    """
    _positive(parameters_count=parameters_count, loss=loss)
    reach: float = law.floor_nats + law.parameters_factor / parameters_count**law.parameters_exponent
    if loss <= reach:
        message = f"loss {loss:g}: {parameters_count:.3g} parameters stay above {reach:.4g} on any number of tokens"
        raise InputError(message)
    tokens: float = (law.tokens_factor / (loss - reach)) ** (1.0 / law.tokens_exponent)
    return tokens


def flops_for_loss(loss: float, law: LossLaw = BESIROGLU) -> Optimum:
    r"""Return the smallest budget that reaches a loss, and its split.

    Parameters
    ----------
    loss : float
        Loss wanted. [nat/token]
    law : LossLaw
        Constants.

    Returns
    -------
    Optimum

    Raises
    ------
    InputError
        If the loss is at or below the law's floor.

    Notes
    -----
    Along the optimum both terms fall as :math:`C^{-\gamma}`, :math:`\gamma = \alpha\beta/(\alpha+\beta)`, so
    :math:`C = ((L_1 - E) / (L - E))^{1/\gamma}` with :math:`L_1` the loss at a budget of 1.

    Examples
    --------
    >>> f"{flops_for_loss(compute_optimal(1e24).loss_nats).flops:.4g}"
    '1e+24'
    """
    if not loss > law.floor_nats:
        message = f"loss {loss:g}: the law {law.name} never falls to {law.floor_nats:g} or below"
        raise InputError(message)
    alpha, beta = law.parameters_exponent, law.tokens_exponent
    gamma = alpha * beta / (alpha + beta)
    excess = compute_optimal(1.0, law).loss_nats - law.floor_nats
    return compute_optimal((excess / (loss - law.floor_nats)) ** (1.0 / gamma), law)


def overtraining_ratio(parameters_count: float, tokens_count: float, law: LossLaw | TokensLaw = BESIROGLU) -> float:
    """Tokens per parameter of a run over those of the optimum at the same budget.

    Parameters
    ----------
    parameters_count, tokens_count : float
        Of the run. [-], [token]
    law : LossLaw or TokensLaw
        Constants.

    Returns
    -------
    float
        1 at the optimum; above it the model is smaller, cheaper to serve, and dearer to train for its loss. [-]

    Examples
    --------
    >>> round(overtraining_ratio(8e9, 15e12))  # Llama 3 8B
    103
    """
    best = compute_optimal(training_flops(parameters_count, tokens_count), law)
    return (tokens_count / parameters_count) / (best.tokens_count / best.parameters_count)
