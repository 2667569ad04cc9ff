# A transfer takes the oldest lots unless others are named for it: the second lot moves.
given  2023-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
when   2024-02-01 kraken moves 1 ETH to onekey, from 1 of 2024-01-02
then   lot kraken 1 ETH acquired 2023-01-01 basis 1000 USD
and    lot onekey 1 ETH acquired 2024-01-02 basis 3000 USD
and    no gains
and    no issues
