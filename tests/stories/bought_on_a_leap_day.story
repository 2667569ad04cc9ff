# The day after 29 February 2024 is 1 March: long from 1 March 2025.
given  2024-02-29 kraken buys 2 ETH for 2000 USD
when   2025-02-28 kraken sells 1 ETH for 1500 USD
and    2025-03-01 kraken sells 1 ETH for 1500 USD
then   no lots
and    gain kraken 1 ETH short 500 USD
and    gain kraken 1 ETH long 500 USD
and    no issues
