# Specific units: the holder says which lots, or parts of them, lie where, wherever their coins were bought.
given  one pool until 2024-12-31
and    allocate BTC 1 of 2023-01-01 to kraken, 1 of 2022-01-01 to binance
and    2022-01-01 kraken buys 1 BTC for 20000 USD
and    2023-01-01 binance buys 1 BTC for 40000 USD
when   2025-02-01 kraken sells 0.5 BTC for 50000 USD
then   allocated kraken 1 BTC of 2023-01-01 basis 40000 USD, named
and    allocated binance 1 BTC of 2022-01-01 basis 20000 USD, named
and    lot kraken 0.5 BTC acquired 2023-01-01 basis 20000 USD
and    lot binance 1 BTC acquired 2022-01-01 basis 20000 USD
and    gain kraken 0.5 BTC long 30000 USD
and    no issues
