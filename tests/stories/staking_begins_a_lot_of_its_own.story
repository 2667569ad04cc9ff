# Rev. Rul. 2023-14: each reward is income and a lot of its day; the stake itself stays as old as it was.
given  2022-01-01 onekey buys 32 ETH for 32000 USD
when   2024-01-01 onekey earns 0.1 ETH, worth 230 USD
and    2024-06-01 onekey earns 0.1 ETH, worth 380 USD
then   lot onekey 32 ETH acquired 2022-01-01 basis 32000 USD
and    lot onekey 0.1 ETH acquired 2024-01-01 basis 230 USD
and    lot onekey 0.1 ETH acquired 2024-06-01 basis 380 USD
and    income onekey 0.1 ETH 230 USD
and    income onekey 0.1 ETH 380 USD
and    no gains
and    no issues
