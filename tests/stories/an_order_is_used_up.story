# 0.75 was named; the first fill takes 0.5 of it, the second the last 0.25, and 0.25 by FIFO.
# 1,000 - 1,500 = -500; 500 - 750 = -250; 500 - 250 = 250.
given  2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 2 ETH for 6000 USD
and    2024-02-01 identify kraken 0.75 ETH of 2024-01-02
when   2024-02-01T13:00 kraken sells 0.5 ETH for 1000 USD
and    2024-02-01T18:00 kraken sells 0.5 ETH for 1000 USD
then   lot kraken 0.75 ETH acquired 2024-01-01 basis 750 USD
and    lot kraken 1.25 ETH acquired 2024-01-02 basis 3750 USD
and    loss kraken 0.5 ETH short 500 USD
and    loss kraken 0.25 ETH short 250 USD
and    gain kraken 0.25 ETH short 250 USD
and    no issues
