"""Which lots to sell: the problem as a value (problem), and the proposal that an answer to it makes (proposal)."""

from __future__ import annotations

from service.domain.plan.problem import Candidate, CarryWorth, Outcome, Problem, outcome
from service.domain.plan.proposal import Asked, Held, Plan, Sale, asked, carry_worth, proposal
from service.domain.plan.repurchase import Repurchase, repurchase

__all__ = [
    "Asked",
    "Candidate",
    "CarryWorth",
    "Held",
    "Outcome",
    "Plan",
    "Problem",
    "Repurchase",
    "Sale",
    "asked",
    "carry_worth",
    "outcome",
    "proposal",
    "repurchase",
]
