# By FIFO the gift is the oldest (2020), though it came last; a transfer takes it along first, both of its bases with it.
# Sold at onekey for 1,200: below 1,500, so a loss of 300 held since the gift.
given  2023-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-05 kraken is given 1 ETH, cost 2000 USD, since 2020-01-01, worth 1500 USD
when   2024-02-01 kraken moves 1 ETH to onekey
and    2024-03-01 onekey sells 1 ETH for 1200 USD
then   lot kraken 1 ETH acquired 2023-01-01 basis 1000 USD
and    loss onekey 1 ETH short 300 USD, gift_loss
and    no issues
