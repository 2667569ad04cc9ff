# Nobody knows what the gift was worth when given. A gain is measured from the donor's cost whatever that was: 2,500 - 2,000. A loss is at
# most what the donor's cost says, and less where the gift was worth less (IRC 1015(a)): 2 ETH cost 4,000 and are sold for 3,000.
given  2024-01-05 onekey is given 3 ETH, cost 6000 USD, since 2020-01-01
when   2024-02-01 onekey sells 1 ETH for 2500 USD
and    2024-02-02 onekey sells 2 ETH for 3000 USD
then   no lots
and    gain onekey 1 ETH long 500 USD
and    loss onekey 2 ETH long 1000 USD, gift_value_unknown
and    issue missing_price
