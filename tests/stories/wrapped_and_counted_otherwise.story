# 2 ETH of two lots become 1.6 WSTETH: 0.8 of each, with its whole cost and its date.
# Sold 1 for 3,000: 0.8 of 2022 for 2,400 (cost 1,000, gain 1,400), 0.2 of 2024 for 600 (cost 2,000 × 0.2/0.8 = 500, gain 100).
given  2022-01-01 onekey buys 1 ETH for 1000 USD
and    2024-01-01 onekey buys 1 ETH for 2000 USD
when   2024-02-01 onekey wraps 2 ETH into 1.6 WSTETH
and    2024-03-01 onekey sells 1 WSTETH for 3000 USD
then   lot onekey 0.6 WSTETH acquired 2024-01-01 basis 1500 USD
and    gain onekey 0.8 WSTETH long 1400 USD
and    gain onekey 0.2 WSTETH short 100 USD
and    no issues
