# Cheapest by unit cost with fees: 1,005 beats 1,010 although its price was higher. Gain 2,000 - 1,005 = 995.
given  2024-01-01 method kraken lofo
and    2024-01-01 kraken buys 1 ETH for 990 USD, fee 20 USD
and    2024-01-02 kraken buys 1 ETH for 1000 USD, fee 5 USD
when   2024-02-01 kraken sells 1 ETH for 2000 USD
then   lot kraken 1 ETH acquired 2024-01-01 basis 1010 USD
and    gain kraken 1 ETH short 995 USD
and    no issues
