"""JSON from a stranger: nested no deeper than anybody writes, since the parser's own guard rests on a limit that other code may have raised."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 100
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def loads(text: str, **hooks: Any) -> Any:
    """As json.loads. Raises ValueError for what is no JSON, and for lists and objects within each other deeper than DEEPEST."""
    depth = 0
    for sign in re.findall(r"[][{}]", _STRING.sub("", text)):
        depth += _STEPS[sign]
        if depth > DEEPEST:
            raise ValueError(f"lists and objects lie more than {DEEPEST} deep within each other")
    return json.loads(text, **hooks)
