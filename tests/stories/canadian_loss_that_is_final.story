# Bought again on the 31st day: too late to deny anything.
given  by the law of Canada
and    2024-01-01 kraken buys 1 ETH for 2000 USD
when   2024-06-01 kraken sells 1 ETH for 1500 USD
and    2024-07-02 kraken buys 1 ETH for 1400 USD
then   loss 2024-06-01 1 ETH 500 USD
and    pool 1 ETH cost 1400 USD
and    no issues
