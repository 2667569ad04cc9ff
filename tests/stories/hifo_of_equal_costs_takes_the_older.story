# Both cost 3,000 an ETH; the one of 2022 is the older and long term: 3,600 - 3,000 = 600.
given  2022-01-01 method kraken hifo
and    2022-01-01 kraken buys 1 ETH for 3000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
when   2024-02-01 kraken sells 1 ETH for 3600 USD
then   lot kraken 1 ETH acquired 2024-01-02 basis 3000 USD
and    gain kraken 1 ETH long 600 USD
and    no issues
