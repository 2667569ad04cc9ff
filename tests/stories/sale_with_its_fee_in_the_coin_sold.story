# 0.01 ETH more leave as the fee, worth 30: the sale brings 2,970 (cost 2,000), the fee is a payment of 30 (cost 20).
given  2024-01-01 kraken buys 1.01 ETH for 2020 USD
when   2024-02-01 kraken sells 1 ETH for 3000 USD, fee 0.01 ETH worth 30 USD, worth 3000 USD
then   no lots
and    gain kraken 1 ETH short 970 USD
and    gain kraken 0.01 ETH short 10 USD
and    no issues
