# Kraken by HIFO takes the 3,000 (loss 500), binance by FIFO the 1,000 (gain 1,500).
given  2024-01-01 method kraken hifo
and    2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-01 binance buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
and    2024-01-02 binance buys 1 ETH for 3000 USD
when   2024-02-01 kraken sells 1 ETH for 2500 USD
and    2024-02-01 binance sells 1 ETH for 2500 USD
then   lot kraken 1 ETH acquired 2024-01-01 basis 1000 USD
and    lot binance 1 ETH acquired 2024-01-02 basis 3000 USD
and    loss kraken 1 ETH short 500 USD
and    gain binance 1 ETH short 1500 USD
and    no issues
