# What comes later has its own cost; only the match without a lot is unknown.
given  2024-01-01 kraken buys 1 ETH for 1000 USD
when   2024-02-01 kraken sells 1.5 ETH for 3000 USD
and    2024-03-01 kraken buys 1 ETH for 1200 USD
and    2024-04-01 kraken sells 1 ETH for 1300 USD
then   no lots
and    gain kraken 1 ETH short 1000 USD
and    gain kraken 0.5 ETH unknown, missing_basis
and    gain kraken 1 ETH short 100 USD
and    issue missing_basis
