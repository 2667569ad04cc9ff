"""Reads the world: exchanges, chains, files, prices. Never imports service. Start at contract.py."""
