# The fee in kind leaves with the oldest lot too: 0.01 of 2023 (cost 10, worth 20), then 0.99 of 2023 and 0.01 of 2024 move.
given  2023-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-01 kraken buys 1 ETH for 2000 USD
when   2024-02-01 kraken moves 1 ETH to onekey, fee 0.01 ETH worth 20 USD
then   lot onekey 0.99 ETH acquired 2023-01-01 basis 990 USD
and    lot onekey 0.01 ETH acquired 2024-01-01 basis 20 USD
and    lot kraken 0.99 ETH acquired 2024-01-01 basis 1980 USD
and    gain kraken 0.01 ETH long 10 USD
and    no issues
