# The day of purchase is left out, the day of sale counts: short on the anniversary, long the day after.
given  2023-03-10 kraken buys 2 ETH for 2000 USD
when   2024-03-10 kraken sells 1 ETH for 1500 USD
and    2024-03-11 kraken sells 1 ETH for 1500 USD
then   no lots
and    gain kraken 1 ETH short 500 USD
and    gain kraken 1 ETH long 500 USD
and    no issues
