# The same holdings, the dearest lot first to onekey, then kraken, then binance.
# onekey 0.4 of 2023 (16,000); kraken 0.6 of 2023 (24,000); binance 1 of 2022 (20,000). FIFO in 2025: 50,000 - 10,000 = 40,000.
given  one pool until 2024-12-31
and    allocate BTC dearest first to onekey, kraken and binance
and    2022-01-01 kraken buys 1 BTC for 20000 USD
and    2023-01-01 binance buys 1 BTC for 40000 USD
and    2024-06-01 kraken moves 0.4 BTC to onekey
when   2025-02-01 binance sells 0.5 BTC for 50000 USD
then   allocated onekey 0.4 BTC of 2023-01-01 basis 16000 USD, rule
and    allocated kraken 0.6 BTC of 2023-01-01 basis 24000 USD, rule
and    allocated binance 1 BTC of 2022-01-01 basis 20000 USD, rule
and    lot onekey 0.4 BTC acquired 2023-01-01 basis 16000 USD
and    lot kraken 0.6 BTC acquired 2023-01-01 basis 24000 USD
and    lot binance 0.5 BTC acquired 2022-01-01 basis 10000 USD
and    gain binance 0.5 BTC long 40000 USD
and    no issues
