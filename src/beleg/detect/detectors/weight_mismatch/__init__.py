"""A return parcel that weighs too little or too much for what should be in it."""
