# 1 March begins in New York at 05:00 UTC: at 04:00 UTC it is still February there, and FIFO.
given  zone America/New_York
and    2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
and    2024-03-01 method kraken hifo
when   2024-03-01T04:00 kraken sells 1 ETH for 2500 USD
then   lot kraken 1 ETH acquired 2024-01-02 basis 3000 USD
and    gain kraken 1 ETH short 1500 USD
and    no issues
