"""What is held → the problem → the proposal: which lots to sell, what that saves now, costs now and costs later.

Worked example. 3,000 of loss at 24 percent saves 720 now. The coins are bought back at once and sold in three years, when the lower basis
brings 3,000 more of gain, taxed at 15 percent: 450, worth 388.73 today at 5 percent. Fees 15. Net 316.27.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_UP, Decimal

from service.domain.assets import is_one_of_a_kind
from service.domain.harvest import UNIT, Costs, line_of
from service.domain.money import ZERO, exact, share, total
from service.domain.plan.problem import Candidate, CarryWorth, Outcome, Problem, outcome
from service.domain.rules import Term
from service.domain.statements import MethodName
from service.domain.tax import Liability, Profile, TaxModel, deferral, liability
from service.domain.tax.federal import EXACT
from service.domain.valuation import Position

WORTHLESS = Decimal("0.001")
"""Of a dollar: losses that are used so late count for nothing."""
LATEST = 60
"""Years that are looked ahead at most."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one account holds of one coin."""

    account: str
    coin: str
    positions: tuple[Position, ...]
    method: MethodName
    on_exchange: bool


@dataclass(frozen=True, slots=True)
class Part:
    """So much of a lot."""

    lot: str
    quantity: Decimal
    gain: Decimal
    """Losses negative."""
    term: Term


@dataclass(frozen=True, slots=True)
class Asked:
    """A problem, and what its candidates stand for."""

    problem: Problem
    behind: tuple[Position, ...]
    """The position of each candidate."""
    methods: Mapping[str, MethodName]
    """By sale."""
    profile: Profile
    costs: Costs


@dataclass(frozen=True, slots=True)
class Sale:
    """One order in one account, and the lots that it takes, first to last."""

    account: str
    coin: str
    asset: str
    symbol: str
    method: MethodName
    parts: tuple[Part, ...]
    quantity: Decimal
    value: Decimal
    price: Decimal
    price_at: datetime
    gain: Decimal
    costs: Decimal
    deferred: Decimal
    """Worth today of the tax that the new basis brings later; negative where it saves tax then."""


@dataclass(frozen=True, slots=True)
class Plan:
    sales: tuple[Sale, ...]
    before: Liability
    after: Liability
    saving: Decimal
    """Tax of this year, less."""
    carry: Decimal
    """What the losses carried on are worth more."""
    costs: Decimal
    deferred: Decimal
    net: Decimal
    """saving + carry − costs − deferred."""
    next_short: Decimal
    """What one more dollar of loss would save this year, after the plan."""
    next_long: Decimal
    worth_short: Decimal
    """What that dollar is worth in all: tax of this year, and what more is carried on to later years."""
    worth_long: Decimal
    reason: str
    """Why nothing is to be sold; else empty."""


def carry_worth(model: TaxModel, profile: Profile) -> CarryWorth:
    """The same year again and again, without gains: what each yearly portion of a carried loss saves then, worth today.

    A carried loss meets other income up to the yearly limit (26 U.S.C. 1211(b), 1212(b)). Portions that no income meets are worth nothing.
    """
    again = model.without_results()
    with exact():
        used, saved = _yearly(again)
        if not used or not saved:
            return CarryWorth()
        steps = []
        for year in range(1, LATEST + 1):
            each = saved / used / (1 + profile.discount_rate) ** year
            if each < WORTHLESS:
                break
            steps.append((used * year, each))
        return CarryWorth(steps=tuple(steps))


def _yearly(model: TaxModel) -> tuple[Decimal, Decimal]:
    """How much of a great loss a year uses, and what that saves."""
    great = Decimal(10) ** 9
    nothing, all_of_it = liability(model), liability(model, ZERO, -great)
    return great - all_of_it.carry_long, nothing.total - all_of_it.total


def asked(
    held: Iterable[Held], model: TaxModel, profile: Profile, costs: Costs, *, with_gains: bool = False, most_sales: int | None = None
) -> Asked:
    """The problem of what is held.

    Lots that an account's method takes in its order are candidates in that order; lots that can be identified are free, those that lose and,
    `with_gains`, the others too.
    """
    candidates: list[Candidate] = []
    behind: list[Position] = []
    fixed: dict[str, Decimal] = {}
    methods: dict[str, MethodName] = {}
    later = deferral(profile)
    with exact():
        for one in held:
            sale = f"{one.account} {one.coin}"
            methods[sale] = one.method
            line = line_of(one.positions, one.method, with_gains=with_gains)
            while line and not with_gains and (line[-1].unrealised or ZERO) >= 0:
                line.pop()  # what gains goes along only before what loses
            for position in line:
                gain = position.unrealised or ZERO
                cost = costs.trade_share * (position.value or ZERO) - gain * later
                in_order, token = one.method != "specific", is_one_of_a_kind(one.coin)
                candidates.append(Candidate(position.lot.id, position.term, gain, cost, sale, in_order, token, token))
                behind.append(position)
                fixed[sale] = ZERO if one.on_exchange else costs.move
    problem = Problem(model, tuple(candidates), carry_worth(model, profile), fixed, most_sales)
    return Asked(problem, tuple(behind), methods, profile, costs)


def proposal(told: Asked, shares: Sequence[Decimal]) -> Plan:
    """What the shares come to, as orders that can be placed: parts are rounded up to eight places, and all is computed anew from these."""
    problem = told.problem
    quantities = [_tradable(position.lot.quantity, part) for position, part in zip(told.behind, shares, strict=True)]
    with exact():
        final = [quantity / position.lot.quantity for quantity, position in zip(quantities, told.behind, strict=True)]
    found, nothing = outcome(problem, final), outcome(problem, [ZERO] * len(final))
    if found.objective >= nothing.objective:
        quantities, found = [ZERO] * len(final), nothing
    with exact():
        sales = _sales(told, quantities)
        deferred, paid = total(sale.deferred for sale in sales), total(sale.costs for sale in sales)
        next_short, worth_short = _next_dollar(problem, found, short=Decimal(1))
        next_long, worth_long = _next_dollar(problem, found, long=Decimal(1))
        saving, carry = nothing.year.total - found.year.total, found.carry_worth - nothing.carry_worth
        return Plan(
            sales=tuple(sales),
            before=nothing.year,
            after=found.year,
            saving=saving,
            carry=carry,
            costs=paid,
            deferred=deferred,
            net=saving + carry - paid - deferred,
            next_short=next_short,
            next_long=next_long,
            worth_short=worth_short,
            worth_long=worth_long,
            reason="" if sales else _reason(problem, next_short, next_long),
        )


def _tradable(quantity: Decimal, part: Decimal) -> Decimal:
    """The part of a lot in the units that exchanges trade in, no more than there is."""
    with exact():
        return quantity if part == 1 else min(quantity, (quantity * part).quantize(UNIT, ROUND_UP))


def _sales(told: Asked, quantities: Sequence[Decimal]) -> list[Sale]:
    """The greatest loss first."""
    found: dict[str, list[tuple[Position, Part]]] = {}
    for candidate, position, quantity in zip(told.problem.candidates, told.behind, quantities, strict=True):
        if quantity:
            gain = share(candidate.gain, quantity, position.lot.quantity)
            found.setdefault(candidate.sale, []).append((position, Part(candidate.lot, quantity, gain, candidate.term)))
    return sorted((_sale(told, name, pairs) for name, pairs in found.items()), key=lambda sale: (sale.gain, sale.account, sale.coin))


def _sale(told: Asked, name: str, pairs: Sequence[tuple[Position, Part]]) -> Sale:
    lot, price = pairs[0][0].lot, pairs[0][0].price
    assert price is not None
    parts = tuple(part for _, part in pairs)
    quantity, gain = total(part.quantity for part in parts), total(part.gain for part in parts)
    value = quantity * price.price
    return Sale(
        account=lot.account,
        coin=lot.coin,
        asset=lot.asset,
        symbol=lot.symbol,
        method=told.methods[name],
        parts=parts,
        quantity=quantity,
        value=value,
        price=price.price,
        price_at=price.at,
        gain=gain,
        costs=told.costs.trade_share * value + told.problem.fixed.get(name, ZERO),
        deferred=-gain * deferral(told.profile),
    )


def _next_dollar(problem: Problem, found: Outcome, short: Decimal = ZERO, long: Decimal = ZERO) -> tuple[Decimal, Decimal]:
    """(tax of this year less, the same and what is carried on is worth more) of so much more loss."""
    year = problem.taxes.liability(found.short - short, found.long - long, found.collectibles, EXACT)
    saved: Decimal = found.year.total - year.total
    carried: Decimal = problem.carry.of(year.carry_short, year.carry_long, EXACT) - found.carry_worth
    return saved, saved + carried


def _reason(problem: Problem, next_short: Decimal, next_long: Decimal) -> str:
    losing = [c for c in problem.candidates if c.gain < 0]
    if not losing:
        return "No lot that can be sold has a loss."
    worth = {"short": next_short, "long": next_long}
    if not any(worth[c.term] for c in losing):
        return "A further loss saves no tax this year, and what is carried on is worth less than the costs."
    return "What a loss saves is less than fees, moves and the tax that a lower basis brings later."
