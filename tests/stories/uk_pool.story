# One pool over all accounts at its average: 3 for 6,000, of which 1 costs 2,000; the fee of 10 is allowable. 2,500 - 2,010 = 490.
given  by the law of the United Kingdom
and    2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-15 binance buys 2 ETH for 5000 USD
when   2024-06-01 binance sells 1 ETH for 2500 USD, fee 10 USD
then   gain 2024-06-01 1 ETH section_104 490 USD
and    pool 2 ETH cost 4000 USD
and    no issues
