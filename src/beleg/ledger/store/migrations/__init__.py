"""The store's schema, revision by revision; run by Alembic."""
