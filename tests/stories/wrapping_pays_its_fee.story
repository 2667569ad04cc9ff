# The network's fee of wrapping is a payment in its coin: 0.01 ETH worth 20 that cost 10. It leaves before the oldest lot moves.
given  2022-01-01 onekey buys 1 ETH for 1000 USD
when   2024-02-01 onekey wraps 0.99 ETH into 0.99 WSTETH, fee 0.01 ETH worth 20 USD
then   lot onekey 0.99 WSTETH acquired 2022-01-01 basis 990 USD
and    gain onekey 0.01 ETH long 10 USD
and    no issues
