# 1 ETH that cost 1,000 buys a token worth 3,000: the ETH is sold (gain 2,000), the token costs 3,000.
given  2022-01-01 onekey buys 1 ETH for 1000 USD
when   2024-02-01 onekey swaps 1 ETH for 1 PUNK-7, worth 3000 USD
then   lot onekey 1 PUNK-7 acquired 2024-02-01 basis 3000 USD
and    gain onekey 1 ETH long 2000 USD
and    no issues
