# The day after 28 February 2023 is 1 March: the leap day of 2024 is still short, 366 days or not.
given  2023-02-28 kraken buys 2 ETH for 2000 USD
when   2024-02-29 kraken sells 1 ETH for 1500 USD
and    2024-03-01 kraken sells 1 ETH for 1500 USD
then   no lots
and    gain kraken 1 ETH short 500 USD
and    gain kraken 1 ETH long 500 USD
and    no issues
