"""How many leads an experiment needs, until when, and what it can see by a date: stated rates or a lab's history in."""
