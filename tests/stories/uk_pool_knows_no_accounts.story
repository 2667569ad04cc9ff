# A transfer between own accounts touches no pool; its fee in kind is a disposal: 0.01 worth 20 that cost 10.
given  by the law of the United Kingdom
and    2024-01-01 kraken buys 1 ETH for 1000 USD
when   2024-06-01 kraken moves 0.99 ETH to onekey, fee 0.01 ETH worth 20 USD
and    2024-09-01 onekey sells 0.99 ETH for 1990 USD
then   gain 2024-06-01 0.01 ETH section_104 10 USD
and    gain 2024-09-01 0.99 ETH section_104 1000 USD
and    no issues
