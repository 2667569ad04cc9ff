# The lot named for the sale has moved to the wallet: that is told, and the sale goes by FIFO (2,500 - 3,000 = -500).
given  2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
and    2024-01-05 kraken moves 1 ETH to onekey
when   2024-02-01 kraken sells 1 ETH for 2500 USD, from 1 of 2024-01-01
then   lot onekey 1 ETH acquired 2024-01-01 basis 1000 USD
and    loss kraken 1 ETH short 500 USD
and    issue lot_not_available
