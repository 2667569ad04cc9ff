# The oldest lot goes with its cost and without a gain.
given  2023-01-01 onekey buys 1 ETH for 1000 USD
and    2024-01-01 onekey buys 1 ETH for 3000 USD
when   2024-02-01 onekey gives 1.5 ETH
then   lot onekey 0.5 ETH acquired 2024-01-01 basis 1500 USD
and    no gains
and    no issues
