# A gift keeps the donor's cost and date: 2,500 - 2,000, held since 2020 (IRC 1015(a), 1223(2)).
given  2024-01-05 onekey is given 1 ETH, cost 2000 USD, since 2020-01-01, worth 1500 USD
when   2024-02-01 onekey sells 1 ETH for 2500 USD
then   no lots
and    gain onekey 1 ETH long 500 USD
and    no issues
