"""What the ledger found, in the forms that people, tax offices and other programs read. Pure: values in, text out."""
