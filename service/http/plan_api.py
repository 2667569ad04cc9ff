"""The JSON API of the plan: what `thresher plan`, `plan identify`, `plan proofs` and `tax` answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from service.app import plan, proof, tax_year
from service.app.plan import Wishes
from service.http.api import Answer, Body, documented
from service.http.auth import Thresher, authorised

router = APIRouter(prefix="/api/v1", dependencies=[Depends(authorised)], tags=["plan"])

LATEST_YEAR = 9999
Amount = Annotated[
    Decimal, Query(allow_inf_nan=False, description="a result elsewhere that the profile does not tell of; a loss is negative")
]


def _wishes(
    outside_st: Amount = Decimal(0),
    outside_lt: Amount = Decimal(0),
    sales: Annotated[int | None, Query(ge=1, description="at most so many sales; one is one coin in one account")] = None,
    gains: Annotated[bool, Query(description="sell lots that gain too, where the year takes gains for little or nothing")] = False,
) -> Wishes:
    return Wishes(outside_st, outside_lt, sales, gains)


@router.get("/plan", summary="The best set of lots to sell in this tax year, and why", responses=documented("plan"))
async def best(wishes: Annotated[Wishes, Depends(_wishes)], app: Thresher) -> Answer:
    return await plan.plan(app, wishes)


@router.get("/plan/proofs", summary="Planned sales beside what was sold then", responses=documented("proofs"))
async def proofs(app: Thresher) -> Answer:
    return await proof.answer(app)


class Identified(Body):
    outside_st: Decimal = Field(Decimal(0), allow_inf_nan=False)
    outside_lt: Decimal = Field(Decimal(0), allow_inf_nan=False)
    sales: int | None = Field(None, ge=1)
    gains: bool = False
    account: str = Field("", description="only the sale in this account (id or label)")
    asset: str = Field("", description="only the sale of this asset (symbol or id)")


@router.post("/plan/identify", status_code=201, summary="Record, before the sale, which lots of the plan are about to be sold")
async def identify(told: Identified, app: Thresher) -> Answer:
    wishes = Wishes(told.outside_st, told.outside_lt, told.sales, told.gains)
    return await proof.identified(app, wishes, told.account, told.asset)


@router.get("/tax", summary="The tax picture of the holder's year")
async def tax(
    app: Thresher,
    year: Annotated[int | None, Query(ge=1, le=LATEST_YEAR)] = None,
    plan: Annotated[bool, Query(description="also with the sales of the plan")] = False,
) -> dict[str, Any]:
    return await tax_year.picture(app, year, with_plan=plan)
