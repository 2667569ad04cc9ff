# The fee of 0.01 BNB, worth 5, lowers what the ETH brought (2,995 - 2,000) and is a payment itself (cost 3, gain 2).
# What is received costs its value, 3,000: the fee belongs to the disposal.
given  2024-01-01 kraken buys 1 ETH for 2000 USD
and    2024-01-01 kraken buys 1 BNB for 300 USD
when   2024-02-01 kraken swaps 1 ETH for 0.05 BTC, worth 3000 USD, fee 0.01 BNB worth 5 USD
then   lot kraken 0.05 BTC acquired 2024-02-01 basis 3000 USD
and    lot kraken 0.99 BNB acquired 2024-01-01 basis 297 USD
and    gain kraken 1 ETH short 995 USD
and    gain kraken 0.01 BNB short 2 USD
and    no issues
