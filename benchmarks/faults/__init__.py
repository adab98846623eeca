"""Faults: small trainings with a fault and without, by the hundred, and the judge of what findings say of them."""
