"""Accounts that are like those whose cases were confirmed as fraud, in what they did and in whom they share things with."""
