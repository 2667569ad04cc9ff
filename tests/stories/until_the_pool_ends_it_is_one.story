# A sale on the last evening still takes the pool's oldest lot; the next one its account's own. In New York 2025 begins at 05:00 UTC.
# Sold 0.5 of 2022 at binance: 50,000 - 10,000. Left 0.5 of 2022 and 1 of 2023, of which binance holds 0.5 and kraken 1.
given  zone America/New_York
and    one pool until 2024-12-31
and    allocate BTC oldest first to kraken and binance
and    2022-01-01 kraken buys 1 BTC for 20000 USD
and    2023-01-01 binance buys 1 BTC for 40000 USD
when   2025-01-01T04:30 binance sells 0.5 BTC for 50000 USD
and    2025-01-01T05:30 binance sells 0.5 BTC for 50000 USD
then   allocated kraken 0.5 BTC of 2022-01-01 basis 10000 USD, rule
and    allocated kraken 0.5 BTC of 2023-01-01 basis 20000 USD, rule
and    allocated binance 0.5 BTC of 2023-01-01 basis 20000 USD, rule
and    lot kraken 0.5 BTC acquired 2022-01-01 basis 10000 USD
and    lot kraken 0.5 BTC acquired 2023-01-01 basis 20000 USD
and    gain binance 0.5 BTC long 40000 USD
and    gain binance 0.5 BTC long 30000 USD
and    no issues
