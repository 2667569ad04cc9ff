# One order may be filled in parts: what was named for it counts for the first sale after it and the rest of that day, no longer.
# 0.5 at 3,000: 1,000 - 1,500 = -500 twice on 1 February; then FIFO: 1,000 - 500 = 500.
given  2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 2 ETH for 6000 USD
and    2024-02-01 identify kraken 1.5 ETH of 2024-01-02
when   2024-02-01T13:00 kraken sells 0.5 ETH for 1000 USD
and    2024-02-01T18:00 kraken sells 0.5 ETH for 1000 USD
and    2024-02-02T13:00 kraken sells 0.5 ETH for 1000 USD
then   lot kraken 0.5 ETH acquired 2024-01-01 basis 500 USD
and    lot kraken 1 ETH acquired 2024-01-02 basis 3000 USD
and    loss kraken 0.5 ETH short 500 USD
and    loss kraken 0.5 ETH short 500 USD
and    gain kraken 0.5 ETH short 500 USD
and    no issues
