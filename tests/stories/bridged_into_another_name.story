# The coin has another name over there and another count; cost and date stay.
given  2022-01-01 onekey buys 1 ETH for 1000 USD
when   2024-02-01 onekey bridges 1 ETH into 0.8 WSTETH at ledger
then   lot ledger 0.8 WSTETH acquired 2022-01-01 basis 1000 USD
and    no gains
and    no issues
