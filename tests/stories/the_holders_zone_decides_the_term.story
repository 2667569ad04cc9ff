# Bought at 03:00 UTC on 11 March 2023, still the 10th in New York: on 11 March 2024, local, it is long. In UTC it would be short.
given  zone America/New_York
and    2023-03-11T03:00 kraken buys 1 ETH for 1000 USD
when   2024-03-11 kraken sells 1 ETH for 1500 USD
then   no lots
and    gain kraken 1 ETH long 500 USD
and    no issues
