"""What a realised loss is worth to this holder: the difference of two computations of the year, never rate × loss.

marginal: by two rates that the holder gives. federal: the whole federal computation of the United States, from the holder's income.
"""

from __future__ import annotations

from service.domain.tax.marginal import FilingStatus, Profile, bends, carryover, estimate, saving, year_result

__all__ = ["FilingStatus", "Profile", "bends", "carryover", "estimate", "saving", "year_result"]
