"""The stages of a refresh, each on what changed: rows, tallies, pairs, values, pools (service/app/rebuild.py runs them)."""
