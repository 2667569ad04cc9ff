# The same as in "seen as one pool", as it really is: binance sells what binance holds (2,500 - 3,000 = -500).
given  2023-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 binance buys 1 ETH for 3000 USD
when   2024-02-01 binance sells 1 ETH for 2500 USD
then   lot kraken 1 ETH acquired 2023-01-01 basis 1000 USD
and    loss binance 1 ETH short 500 USD
and    no issues
