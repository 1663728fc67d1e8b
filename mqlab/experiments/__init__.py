"""The pre-registered protocol of an experiment: arms, enrolment, metrics, looks, decision rule, lifecycle."""
