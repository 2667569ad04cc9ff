given  2023-01-01 kraken buys 1 ETH for 1200 USD
and    2024-03-01 kraken buys 1 ETH for 3900 USD
and    2024-09-01 price ETH 2600
when   2024-09-01 now
then   lot kraken 1 ETH acquired 2023-01-01 basis 1200 USD
and    lot kraken 1 ETH acquired 2024-03-01 basis 3900 USD
and    no gains
and    no issues
and    harvest nothing
