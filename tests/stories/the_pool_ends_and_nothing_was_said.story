# Two holders and no word: the oldest lots fill the accounts by name, and the holder is asked.
given  one pool until 2024-12-31
and    2022-01-01 kraken buys 1 BTC for 20000 USD
and    2023-01-01 binance buys 1 BTC for 40000 USD
when   2025-02-01 kraken sells 1 BTC for 50000 USD
then   allocated binance 1 BTC of 2022-01-01 basis 20000 USD, default
and    allocated kraken 1 BTC of 2023-01-01 basis 40000 USD, default
and    lot binance 1 BTC acquired 2022-01-01 basis 20000 USD
and    gain kraken 1 BTC long 10000 USD
and    issue allocation_open
