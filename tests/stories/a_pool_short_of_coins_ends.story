# 1 was sold out of 0.6: the pool is short of 0.4 and its end has nothing to give. What comes later is the account's own.
given  one pool until 2024-12-31
and    2024-01-01 kraken buys 0.6 BTC for 30000 USD
and    2024-02-01 kraken sells 1 BTC for 60000 USD
when   2025-02-01 kraken buys 1 BTC for 90000 USD
then   lot kraken 1 BTC acquired 2025-02-01 basis 90000 USD
and    gain kraken 0.6 BTC short 6000 USD
and    gain kraken 0.4 BTC unknown, missing_basis
and    issue missing_basis
