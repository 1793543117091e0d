"""Another unit came back than was sent, or the unit is in use after its return."""
