# Written off and not sold: no deduction for an individual (CCA 202302011). Had they been sold for a cent, the loss would count.
given  2022-04-01 onekey buys 100 LUNA for 9000 USD
when   2022-06-01 onekey writes off 100 LUNA
then   no lots
and    no gains
and    no issues
