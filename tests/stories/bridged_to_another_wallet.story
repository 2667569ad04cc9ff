# From one chain to another: a move, the fee in kind is a payment (0.01 of the lot cost 10, worth 25).
given  2022-01-01 onekey buys 1.01 ETH for 1010 USD
when   2024-02-01 onekey bridges 1 ETH to ledger, fee 0.01 ETH worth 25 USD
then   lot ledger 1 ETH acquired 2022-01-01 basis 1000 USD
and    gain onekey 0.01 ETH long 15 USD
and    no issues
