# Once the pool is empty the unknown is gone with it: 2,500 - 2,000.
given  by average cost
and    2024-01-02 kraken receives 1 ETH
and    2024-02-01 kraken sells 1 ETH for 2500 USD
when   2024-02-02 kraken buys 1 ETH for 2000 USD
and    2024-02-03 kraken sells 1 ETH for 2500 USD
then   no lots
and    gain kraken 1 ETH unknown, missing_basis
and    gain kraken 1 ETH short 500 USD
and    issue unmatched_deposit
