# ITA s. 47: the cost of identical properties is averaged. 2 for 5,000: 2,500 each. 3,000 - 2,500.
given  by the law of Canada
and    2024-01-01 kraken buys 1 ETH for 2000 USD
and    2024-01-15 binance buys 1 ETH for 3000 USD
when   2024-06-01 kraken sells 1 ETH for 3000 USD
then   gain 2024-06-01 1 ETH 500 USD
and    pool 1 ETH cost 2500 USD
and    no issues
