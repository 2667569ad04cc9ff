# Named for a sale: a transfer in between takes the oldest lot, as transfers do, and the sale then takes what was named for it.
given  2024-01-01 kraken buys 1 ETH for 1500 USD
and    2024-01-02 kraken buys 1 ETH for 4000 USD
and    2024-01-03 kraken buys 1 ETH for 1000 USD
and    2024-05-01 identify kraken 1 ETH of 2024-01-02
when   2024-05-02 kraken sends 1 ETH, hash 0xab
and    2024-05-02 onekey receives 1 ETH, hash 0xab
and    2024-05-03 kraken sells 1 ETH for 2000 USD
then   lot onekey 1 ETH acquired 2024-01-01 basis 1500 USD
and    lot kraken 1 ETH acquired 2024-01-03 basis 1000 USD
and    loss kraken 1 ETH short 2000 USD
and    no issues
