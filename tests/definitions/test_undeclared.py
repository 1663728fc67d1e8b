"""What leads carry and a definition does not declare."""

from __future__ import annotations

from mqlab.definitions.undeclared import undeclared
from tests.definitions.leads import ago, change, definition, event, lead

SMALL = definition("qualify: employees > 10")


def test_fields_events_and_properties_are_told_with_the_nearest_name() -> None:
    """A typing mistake is told with the name it may stand for, a foreign name alone, each once."""
    typed = lead(
        change("employes", 5.0, ago(2)),
        event("veiw", ago(2)),
        event("view", ago(1), pathe="/", zzz=1.0),
        event("view", ago(1), pathe="/x"),
        employes=4.0,
        zzz=1.0,
    )

    assert undeclared(SMALL, [typed, typed]) == (
        "employes (did you mean 'employees'?)",
        "zzz",
        "event veiw (did you mean 'view'?)",
        "view.pathe (did you mean 'path'?)",
        "view.zzz",
    )


def test_what_is_declared_is_not_told_however_it_is_spelled() -> None:
    """Names compare as they are stored; a lead's source is always declared."""
    fine = lead(change("Source", "ads", ago(2)), event("VIEW", ago(1), Path="/"), Employees=4.0)

    assert undeclared(SMALL, [fine]) == ()
