# Wrapping is a move: cost and date go along, nothing is sold.
given  2023-01-01 onekey buys 1 BTC for 20000 USD
when   2024-02-01 onekey wraps 1 BTC into 1 WBTC
and    2024-03-01 onekey sells 0.5 WBTC for 30000 USD
then   lot onekey 0.5 WBTC acquired 2023-01-01 basis 10000 USD
and    gain onekey 0.5 WBTC long 20000 USD
and    no issues
