# The fee of 0.1 BNB, worth 40, is taken of the second lot (0.1 of it cost 30): gain 10. The ETH costs 2,000 and the fee of 40.
given  2024-01-01 kraken buys 1 BNB for 200 USD
and    2024-01-02 kraken buys 1 BNB for 300 USD
when   2024-02-01 kraken buys 1 ETH for 2000 USD, fee 0.1 BNB worth 40 USD, worth 2000 USD, fee from 0.1 of 2024-01-02
then   lot kraken 1 BNB acquired 2024-01-01 basis 200 USD
and    lot kraken 0.9 BNB acquired 2024-01-02 basis 270 USD
and    lot kraken 1 ETH acquired 2024-02-01 basis 2040 USD
and    gain kraken 0.1 BNB short 10 USD
and    no issues
