# 0.4 left that never came: their gain is unknown, and so is what moves on to another account and everything sold of it.
when   2024-01-01 kraken moves 0.4 ETH to onekey
and    2024-02-01 onekey sells 0.1 ETH for 300 USD
then   lot onekey 0.3 ETH acquired 2024-01-01 basis unknown, missing_basis
and    gain onekey 0.1 ETH unknown, missing_basis
and    issue missing_basis
