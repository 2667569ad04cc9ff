# Rev. Rul. 2019-24: income when received, and that value is the cost: 900 - 1,200.
when   2020-09-17 onekey is airdropped 400 UNI, worth 1200 USD
and    2020-10-17 onekey sells 400 UNI for 900 USD
then   no lots
and    income onekey 400 UNI 1200 USD
and    loss onekey 400 UNI short 300 USD
and    no issues
