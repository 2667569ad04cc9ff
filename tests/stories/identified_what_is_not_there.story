given  2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
and    2024-05-01 identify kraken 1.5 ETH of 2024-01-02
when   2024-05-01 kraken sells 1.5 ETH for 3000 USD
then   lot kraken 0.5 ETH acquired 2024-01-01 basis 500 USD
and    loss kraken 1 ETH short 1000 USD
and    gain kraken 0.5 ETH short 500 USD
and    issue lot_not_available
