"""Labels that are worth a second look: a model says which, and a person decides."""
