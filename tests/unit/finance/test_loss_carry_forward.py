from __future__ import annotations

import numpy as np

from gigawatt.engines.finance import tax_with_losses_carried_forward


def test_profit_is_taxed_at_the_rate() -> None:
    np.testing.assert_allclose(tax_with_losses_carried_forward(np.array([10.0, 20.0]), 0.25), [2.5, 5.0])


def test_a_loss_is_used_before_tax_is_paid_again() -> None:
    # 50 taxed; a loss of 80; 30 and 60 later: 80 of the 90 are covered, 10 taxed
    np.testing.assert_allclose(
        tax_with_losses_carried_forward(np.array([50.0, -80.0, 30.0, 60.0]), 0.2), [10.0, 0.0, 0.0, 2.0]
    )


def test_losses_are_never_refunded() -> None:
    np.testing.assert_allclose(tax_with_losses_carried_forward(np.array([-5.0, -5.0]), 0.3), [0.0, 0.0])
