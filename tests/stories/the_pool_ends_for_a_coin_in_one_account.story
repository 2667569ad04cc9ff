# Only one account holds it: nothing to choose, nothing to ask.
given  one pool until 2024-12-31
and    2022-01-01 kraken buys 1 BTC for 20000 USD
and    2024-06-01 kraken moves 1 BTC to onekey
when   2025-02-01 onekey sells 0.5 BTC for 50000 USD
then   allocated onekey 1 BTC of 2022-01-01 basis 20000 USD, only holder
and    lot onekey 0.5 BTC acquired 2022-01-01 basis 10000 USD
and    gain onekey 0.5 BTC long 40000 USD
and    no issues
