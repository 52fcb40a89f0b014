"""Labels in the formats of other programs. Imports nothing heavy; Pillow where an image's size has to be looked up."""
