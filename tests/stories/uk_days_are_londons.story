# In June 23:30 UTC is half past midnight in London: the sale and the purchase of the next UTC day are of one London day.
given  by the law of the United Kingdom
and    2024-01-01 kraken buys 1 ETH for 1000 USD
when   2024-06-10T23:30 kraken sells 1 ETH for 3000 USD
and    2024-06-11T12:00 kraken buys 1 ETH for 2900 USD
then   gain 2024-06-11 1 ETH same_day 100 USD
and    pool 1 ETH cost 1000 USD
and    no issues
