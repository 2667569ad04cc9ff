# Identified no later than the sale (26 CFR 1.1012-1(j)): what is named the day after counts for the next sale, not for this one.
given  2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
and    2024-02-02 identify kraken 1 ETH of 2024-01-02
when   2024-02-01 kraken sells 1 ETH for 2000 USD
then   lot kraken 1 ETH acquired 2024-01-02 basis 3000 USD
and    gain kraken 1 ETH short 1000 USD
and    no issues
