"""A fiscal quarter of a lab: who came, how far they got, by which definition and source, at what cost, what next."""
