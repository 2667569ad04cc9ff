given  2024-02-01 price ETH 3000
when   2024-02-01 kraken earns 0.1 ETH
and    2024-05-01 kraken sells 0.1 ETH for 250 USD
then   no lots
and    income kraken 0.1 ETH 300 USD
and    loss kraken 0.1 ETH short 50 USD
and    no issues
