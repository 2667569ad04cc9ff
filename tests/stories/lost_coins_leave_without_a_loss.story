# A lost key is no sale, and no deductible loss today (IRC 165(h)(5), 67(g)).
given  2023-01-01 onekey buys 2 ETH for 2000 USD
when   2024-02-01 onekey loses 1.5 ETH
then   lot onekey 0.5 ETH acquired 2023-01-01 basis 500 USD
and    no gains
and    no issues
