# Sold 1 on 1 June for 3,000 and 1 on 5 June for 3,200; 1 bought on 5 June for 2,900 belongs to the sale of its own day (300).
# The 1 bought on 10 June for 2,800 is the sale's of 1 June (200). The pool stays untouched.
given  by the law of the United Kingdom
and    2024-01-01 kraken buys 2 ETH for 2000 USD
when   2024-06-01 kraken sells 1 ETH for 3000 USD
and    2024-06-05 kraken sells 1 ETH for 3200 USD
and    2024-06-05 kraken buys 1 ETH for 2900 USD
and    2024-06-10 kraken buys 1 ETH for 2800 USD
then   gain 2024-06-05 1 ETH same_day 300 USD
and    gain 2024-06-01 1 ETH thirty_day of 2024-06-10 200 USD
and    pool 2 ETH cost 2000 USD
and    no issues
