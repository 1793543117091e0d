"""The API's endpoints, a module for each thing they are about."""
