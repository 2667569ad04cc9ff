# Given away by name: the cheap lot goes, the dear one stays, and nobody has a gain.
given  2023-01-01 onekey buys 1 ETH for 1000 USD
and    2024-01-02 onekey buys 1 ETH for 3000 USD
when   2024-02-01 onekey gives 0.5 ETH, from 0.5 of 2024-01-02
then   lot onekey 1 ETH acquired 2023-01-01 basis 1000 USD
and    lot onekey 0.5 ETH acquired 2024-01-02 basis 1500 USD
and    no gains
and    no issues
