given  2024-01-01 method kraken hifo
and    2024-01-05 kraken buys 1 ETH for 1000 USD
and    2024-02-05 kraken buys 1 ETH for 3000 USD
when   2024-03-01 kraken sends 1 ETH
and    2024-03-01 onekey receives 1 ETH
and    2024-04-01 kraken sells 1 ETH for 2500 USD
then   lot onekey 1 ETH acquired 2024-01-05 basis 1000 USD
and    loss kraken 1 ETH short 500 USD
and    no issues
