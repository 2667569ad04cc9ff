# Both at noon; the row that comes later in the books is the newer one.
given  2024-01-01 method kraken lifo
and    2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-01 kraken buys 1 ETH for 1100 USD
when   2024-02-01 kraken sells 1 ETH for 1500 USD
then   lot kraken 1 ETH acquired 2024-01-01 basis 1000 USD
and    gain kraken 1 ETH short 400 USD
and    no issues
