# Cost unknown until the holder says it: never a gain of everything, never proposed.
given  2024-05-01 price ETH 500
when   2024-01-01 onekey receives 1 ETH
and    2024-02-01 onekey sells 0.5 ETH for 1000 USD
and    2024-05-01 now
then   lot onekey 0.5 ETH acquired 2024-01-01 basis unknown, missing_basis
and    gain onekey 0.5 ETH unknown, missing_basis
and    issue unmatched_deposit
and    harvest nothing
