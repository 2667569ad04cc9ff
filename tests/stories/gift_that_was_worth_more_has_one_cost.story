# Worth more than it cost the donor: his cost alone counts. 800 - 1,000 is a loss, held since 2020.
given  2024-01-05 onekey is given 1 ETH, cost 1000 USD, since 2020-01-01, worth 1500 USD
when   2024-02-01 onekey sells 1 ETH for 800 USD
then   no lots
and    loss onekey 1 ETH long 200 USD
and    no issues
