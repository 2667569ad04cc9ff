# As "the holder's zone decides the term", for a holder who lives by UTC.
given  zone UTC
and    2023-03-11T03:00 kraken buys 1 ETH for 1000 USD
when   2024-03-11 kraken sells 1 ETH for 1500 USD
then   no lots
and    gain kraken 1 ETH short 500 USD
and    no issues
