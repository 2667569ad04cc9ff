# The choice counts from 1 March; the sale of the last of February still goes by FIFO (gain 1,500), that of 1 March by HIFO (loss 500).
given  2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 2000 USD
and    2024-01-03 kraken buys 1 ETH for 3000 USD
and    2024-03-01 method kraken hifo
when   2024-02-29 kraken sells 1 ETH for 2500 USD
and    2024-03-01 kraken sells 1 ETH for 2500 USD
then   lot kraken 1 ETH acquired 2024-01-02 basis 2000 USD
and    gain kraken 1 ETH short 1500 USD
and    loss kraken 1 ETH short 500 USD
and    no issues
