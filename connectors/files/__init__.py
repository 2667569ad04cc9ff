"""Accounts whose history comes from files."""
