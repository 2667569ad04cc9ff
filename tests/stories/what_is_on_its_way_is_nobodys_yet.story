# Sent on the 1st, there on the 3rd: a sale at the receiving end on the 2nd takes what lay there.
given  2022-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-01 onekey buys 1 ETH for 3000 USD
when   2024-02-01 kraken moves 1 ETH to onekey, there 2024-02-03
and    2024-02-02 onekey sells 1 ETH for 2500 USD
then   lot onekey 1 ETH acquired 2022-01-01 basis 1000 USD
and    loss onekey 1 ETH short 500 USD
and    no issues
