# By HIFO the dear lot is the one that is given away.
given  2023-01-01 method onekey hifo
and    2023-01-01 onekey buys 1 ETH for 1000 USD
and    2024-01-01 onekey buys 1 ETH for 3000 USD
when   2024-02-01 onekey gives 1 ETH
then   lot onekey 1 ETH acquired 2023-01-01 basis 1000 USD
and    no gains
and    no issues
