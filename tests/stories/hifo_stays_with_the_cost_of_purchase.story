# A lot that is cut keeps its place: what is left of the dear lot still cost 3,000 an ETH.
# First sale: 0.5 at 3,000 = 1,500, loss 250. Second: the other 0.5 (1,500, gain 0 on 1,500), then 0.25 at 2,000 (500; 750 - 500 = 250).
given  2024-01-01 method kraken hifo
and    2024-01-01 kraken buys 1 ETH for 3000 USD
and    2024-01-02 kraken buys 1 ETH for 2000 USD
when   2024-02-01 kraken sells 0.5 ETH for 1250 USD
and    2024-03-01 kraken sells 0.75 ETH for 2250 USD
then   lot kraken 0.75 ETH acquired 2024-01-02 basis 1500 USD
and    loss kraken 0.5 ETH short 250 USD
and    gain kraken 0.5 ETH short 0 USD
and    gain kraken 0.25 ETH short 250 USD
and    no issues
