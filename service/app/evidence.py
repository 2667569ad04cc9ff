"""What an alert rests on, as canonical JSON, and the recomputation from it: `thresher alerts explain`.

Stored with the alert when it speaks: the lots and their prices, the holder's figures, the rule version, the ledger's id.
Recomputing from it must give the stored answer byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from service.app.view import View
from service.domain import harvest, valuation
from service.domain.alerts import Alert
from service.domain.harvest import Costs, HarvestSettings, Opportunity, Thresholds, YearEnd
from service.domain.issues import content_id
from service.domain.methods import Lot
from service.domain.money import ZERO, plain
from service.domain.rules import Figures, Rules
from service.domain.tax import Profile, Realised
from service.domain.valuation import Position, Price


def of(alert: Alert, seen: View, answer: Opportunity) -> str:
    """The inputs of this alert's subject only, and the answer that was given."""
    account, coin = alert.subject.split(" ", 1)
    positions = [p for p in seen.positions if (p.lot.account, p.lot.coin) == (account, coin)]
    return _canonical(
        {
            "answer": answer,
            "subject": alert.subject,
            "at": seen.now,
            "ledger": seen.ledger,
            "currency": seen.portfolio.currency,
            "positions": positions,
            "method": seen.method_of(account),
            "movable": seen.movable(account),
            "settings": seen.portfolio.harvest,
            "profile": seen.portfolio.profile,
            "rules": seen.rules,
            "realised": list(seen.realised),
        }
    )


def rules_name(rules: Rules) -> str:
    """Version of the rules and a hash of what they say: a figure that the user changed is another rule of the same version."""
    return f"{rules.version} {content_id('rul', _canonical(rules))}"


def given(text: str) -> str:
    """The stored answer, canonical."""
    return _canonical(json.loads(text)["answer"])


def recomputed(text: str) -> str | None:
    """The same answer computed anew from the stored inputs with today's code, canonical; None when there is none now.

    An older version answered with fewer figures: those that it gave are computed anew, by the thresholds that it knew.
    """
    told = json.loads(text)
    answer = told["answer"]
    again = next((o for o in _assessed(told) if o.id == answer["id"]), None)
    return None if again is None else _canonical({name: value for name, value in asdict(again).items() if name in answer})


def would_stand(text: str, seen: View) -> bool:
    """Whether what was held when the alert spoke would still be worth an open alert at the prices, figures and rules of this view."""
    told = json.loads(text)
    assert seen.rules is not None
    lots = [position.lot for position in map(_position, told["positions"])]
    account, _, _ = told["subject"].partition(" ")
    found = harvest.assess(
        valuation.value(lots, seen.prices, seen.now, seen.portfolio.profile.time_zone),
        seen.method_of,
        seen.portfolio.harvest,
        seen.portfolio.profile,
        seen.rules,
        seen.realised,
        seen.now,
        movable=lambda _: seen.movable(account),
    )
    return any(one.keeps for one in found)


def gone(text: str, seen: View) -> bool:
    """Whether none of the lots that the alert offered is held where it was, and no lot of before has come to light in their stead.

    A lot is known by its id, or by its moment of acquisition where ids were given anew. Another method or a row of long ago leaves other
    lots of before: then nothing was sold, the history is another.
    """
    told = json.loads(text)
    offered = {lot for lot, _ in told["answer"]["lots"]}
    known = {p["lot"]["id"]: datetime.fromisoformat(p["lot"]["acquired_at"]) for p in told["positions"]}
    moments, at = {known[lot] for lot in offered}, datetime.fromisoformat(told["at"])
    account, _, coin = told["subject"].partition(" ")
    here = [lot for lot in seen.lots if (lot.account, lot.coin) == (account, coin)]
    still = any(lot.id in offered or lot.acquired_at in moments for lot in here)
    return not still and all(lot.id in known or lot.acquired_at > at for lot in here)


def _assessed(told: dict[str, Any]) -> list[Opportunity]:
    positions = [_position(p) for p in told["positions"]]
    return harvest.assess(
        positions,
        lambda _account: told["method"],
        _settings(told["settings"]),
        _profile(told["profile"]),
        _rules(told["rules"]),
        Realised(*map(Decimal, told["realised"])),
        datetime.fromisoformat(told["at"]),
        movable=lambda _account: bool(told["movable"]),
        currency=told["currency"],
    )


def _canonical(value: object) -> str:
    return json.dumps(_jsonable(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _jsonable(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {k: _jsonable(v) for k, v in asdict(value).items()}
    if isinstance(value, dict):
        return {str(k): _jsonable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(v) for v in value]
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _position(told: dict[str, Any]) -> Position:
    lot, price = told["lot"], told["price"]
    return Position(
        lot=Lot(
            **{
                **lot,
                "quantity": Decimal(lot["quantity"]),
                "basis": _decimal(lot["basis"]),
                "acquired_at": datetime.fromisoformat(lot["acquired_at"]),
                "flags": tuple(lot["flags"]),
                "fair": _decimal(lot.get("fair")),
                "fair_at": datetime.fromisoformat(lot["fair_at"]) if lot.get("fair_at") else None,
            }
        ),
        term=told["term"],
        long_from=told["long_from"],
        price=None
        if price is None
        else Price(
            coin=price["coin"],
            price=Decimal(price["price"]),
            at=datetime.fromisoformat(price["at"]),
            sources=tuple(price["sources"]),
            low=Decimal(price["low"]),
            high=Decimal(price["high"]),
        ),
        value=_decimal(told["value"]),
        unrealised=_decimal(told["unrealised"]),
    )


def _settings(told: dict[str, Any]) -> HarvestSettings:
    def thresholds(part: dict[str, Any]) -> Thresholds:
        return Thresholds(**{**unasked, **{k: v if v is None or k == "deadline" else Decimal(v) for k, v in part.items()}})

    unasked: dict[str, Any] = {} if "year_end" in told else {"cost_multiple": ZERO, "deadline": 0}
    return HarvestSettings(
        thresholds=thresholds(told["thresholds"]),
        by_asset={coin: thresholds(part) for coin, part in told["by_asset"].items()},
        costs=Costs(**{k: Decimal(v) for k, v in told["costs"].items()}),
        year_end=YearEnd(**told.get("year_end", {})),
        hysteresis=Decimal(told.get("hysteresis", "0.20")),
    )


def _profile(told: dict[str, str]) -> Profile:
    texts = {"jurisdiction", "time_zone", "filing_status"}
    return Profile(**{k: v if k in texts or v is None else Decimal(v) for k, v in told.items()})  # type: ignore[arg-type]  # by name, from asdict


def _rules(told: dict[str, Any]) -> Rules:
    figures = _figures(told["figures"]) if told.get("figures") else None
    return Rules(**{**told, "loss_limit": Decimal(told["loss_limit"]), "sources": tuple(told["sources"]), "figures": figures})


def _figures(told: dict[str, Any]) -> Figures:
    amounts = {key: Decimal(value) for key, value in told.items() if key not in ("year", "status", "brackets")}
    return Figures(
        year=told["year"],
        status=told["status"],
        brackets=tuple((Decimal(rate), _decimal(end)) for rate, end in told["brackets"]),
        **amounts,
    )
