# HIFO for a year, then back to FIFO: 4,000 in 2023 (loss 1,000), then 1,000 in 2024 (gain 2,000, held since 2022).
given  2022-01-01 kraken buys 1 ETH for 1000 USD
and    2022-01-02 kraken buys 1 ETH for 4000 USD
and    2022-01-03 kraken buys 1 ETH for 2000 USD
and    2023-01-01 method kraken hifo
and    2024-01-01 method kraken fifo
when   2023-06-01 kraken sells 1 ETH for 3000 USD
and    2024-06-01 kraken sells 1 ETH for 3000 USD
then   lot kraken 1 ETH acquired 2022-01-03 basis 2000 USD
and    loss kraken 1 ETH long 1000 USD
and    gain kraken 1 ETH long 2000 USD
and    no issues
