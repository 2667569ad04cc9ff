# There and back again: the lot is as old and as dear as before, and what was bought meanwhile is younger.
given  2022-01-01 onekey buys 1 ETH for 1000 USD
and    2024-02-01 onekey wraps 1 ETH into 0.8 WSTETH
and    2024-02-02 onekey buys 1 ETH for 2000 USD
when   2024-02-03 onekey wraps 0.8 WSTETH into 1 ETH
and    2024-03-01 onekey sells 1 ETH for 2500 USD
then   lot onekey 1 ETH acquired 2024-02-02 basis 2000 USD
and    gain onekey 1 ETH long 1500 USD
and    no issues
