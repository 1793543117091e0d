"""A parcel that turned round on its way to the customer and never came home."""
