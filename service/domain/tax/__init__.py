"""What a realised loss is worth to this holder: the difference of two computations of the year, never rate × loss.

profile: the holder's figures, and the year that they make. model: the year as a function of what is still realised in it. federal: the whole
federal computation of the United States. bends: where the worth of one more unit of loss changes.
"""

from __future__ import annotations

from service.domain.tax.bends import bends
from service.domain.tax.model import Liability, TaxModel, liability
from service.domain.tax.profile import FilingStatus, Profile, Realised, deferral, saving, year_of, year_result

__all__ = [
    "FilingStatus",
    "Liability",
    "Profile",
    "Realised",
    "TaxModel",
    "bends",
    "deferral",
    "liability",
    "saving",
    "year_of",
    "year_result",
]
