# 100 over three coins is no round number: the last part takes what is left, so the three costs add up to 100 exactly.
given  2024-01-01 kraken buys 3 ETH for 100 USD
when   2024-02-01 kraken sells 1 ETH for 40 USD
and    2024-02-02 kraken sells 1 ETH for 40 USD
and    2024-02-03 kraken sells 1 ETH for 40 USD
then   no lots
and    gain kraken 1 ETH short 6.666666666666666666666666666667 USD
and    gain kraken 1 ETH short 6.666666666666666666666666666667 USD
and    gain kraken 1 ETH short 6.666666666666666666666666666666 USD
and    no issues
