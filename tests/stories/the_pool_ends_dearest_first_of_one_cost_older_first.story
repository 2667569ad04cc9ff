# Both cost 30,000: the older one counts as the dearer, and goes to the account named first.
given  one pool until 2024-12-31
and    allocate BTC dearest first to binance and kraken
and    2022-01-01 kraken buys 1 BTC for 30000 USD
and    2023-01-01 binance buys 1 BTC for 30000 USD
when   2025-02-01 kraken sells 1 BTC for 50000 USD
then   allocated binance 1 BTC of 2022-01-01 basis 30000 USD, rule
and    allocated kraken 1 BTC of 2023-01-01 basis 30000 USD, rule
and    lot binance 1 BTC acquired 2022-01-01 basis 30000 USD
and    gain kraken 1 BTC long 20000 USD
and    no issues
