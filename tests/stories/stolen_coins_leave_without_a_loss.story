given  2023-01-01 onekey buys 2 ETH for 2000 USD
when   2024-02-01 onekey is robbed of 2 ETH
then   no lots
and    no gains
and    no issues
