# Worth what was received; the new lot begins at that value.
given  2023-01-01 kraken buys 1 ETH for 1200 USD
and    2024-03-01 price BTC 60000
when   2024-03-01 kraken swaps 1 ETH for 0.05 BTC
then   lot kraken 0.05 BTC acquired 2024-03-01 basis 3000 USD
and    gain kraken 1 ETH long 1800 USD
and    no issues
