given  2023-01-01 onekey buys 1 ETH for 1000 USD
when   2024-02-01 onekey spends 0.1 ETH, worth 250 USD
then   lot onekey 0.9 ETH acquired 2023-01-01 basis 900 USD
and    gain onekey 0.1 ETH long 150 USD
and    no issues
