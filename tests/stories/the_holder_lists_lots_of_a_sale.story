# Named before the sale: 0.5 of the second and 0.25 of the third; the last 0.25 goes by FIFO.
# Proceeds 2,000 an ETH. 1,000 - 1,500 = -500; 500 - 600 = -100; 500 - 250 = 250.
given  2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
and    2024-01-03 kraken buys 1 ETH for 2400 USD
when   2024-02-01 kraken sells 1 ETH for 2000 USD, from 0.5 of 2024-01-02, from 0.25 of 2024-01-03
then   lot kraken 0.75 ETH acquired 2024-01-01 basis 750 USD
and    lot kraken 0.5 ETH acquired 2024-01-02 basis 1500 USD
and    lot kraken 0.75 ETH acquired 2024-01-03 basis 1800 USD
and    loss kraken 0.5 ETH short 500 USD
and    loss kraken 0.25 ETH short 100 USD
and    gain kraken 0.25 ETH short 250 USD
and    no issues
