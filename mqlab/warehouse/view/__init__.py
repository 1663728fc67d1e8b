"""What definitions read, as tables of an engine: typed fields and properties, instants as integers, one row per event.

`tables` names the tables of a lab, `from_tables` and `from_facts` type what they hold into `known.KnownFacts`,
`stretches` makes the `view.View` of the leads that start somewhere.
"""
