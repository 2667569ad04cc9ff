# Identified before the sale: that lot first, the rest by FIFO.
given  2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
and    2024-05-01 identify kraken 0.5 ETH of 2024-01-02
when   2024-05-01 kraken sells 0.75 ETH for 1500 USD
then   lot kraken 0.75 ETH acquired 2024-01-01 basis 750 USD
and    lot kraken 0.5 ETH acquired 2024-01-02 basis 1500 USD
and    loss kraken 0.5 ETH short 500 USD
and    gain kraken 0.25 ETH short 250 USD
and    no issues
