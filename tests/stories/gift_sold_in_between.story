# Between the value at the gift (1,500) and the donor's cost (2,000) there is neither gain nor loss.
given  2024-01-05 onekey is given 1 ETH, cost 2000 USD, since 2020-01-01, worth 1500 USD
when   2024-02-01 onekey sells 1 ETH for 1800 USD
then   no lots
and    gain onekey 1 ETH long 0 USD, gift_neither
and    no issues
