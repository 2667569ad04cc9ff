"""Exchanges through ccxt: our own paging and proof of completeness over its signing and addresses."""
