# Coins from before the records begin, as the holder states them: 3,000 - 500, held since 2016.
when   2024-01-01 onekey brings 1 ETH, cost 500 USD, since 2016-05-01
and    2024-02-01 onekey sells 1 ETH for 3000 USD
then   no lots
and    gain onekey 1 ETH long 2500 USD
and    no issues
