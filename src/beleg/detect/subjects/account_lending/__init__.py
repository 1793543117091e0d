"""Does somebody else ask for an account's money, and for many others' as well."""
