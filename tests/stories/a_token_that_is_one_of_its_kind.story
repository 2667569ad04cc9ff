# One unit, its own pool: 5,000 - 50 of fee - 3,000 of cost.
given  2022-01-01 onekey buys 1 PUNK-7 for 3000 USD, worth 3000 USD
when   2024-02-01 onekey sells 1 PUNK-7 for 5000 USD, fee 50 USD, worth 5000 USD
then   no lots
and    gain onekey 1 PUNK-7 long 1950 USD
and    no issues
