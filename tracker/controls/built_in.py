"""What every run offers without a line of code: to stop, to pause, and to log more for some steps."""

from __future__ import annotations

from tracker.values.control_definition import INT_MAX, Definition

STOP, PAUSED, LOG_MORE = "stop", "paused", "log more"

DEFINITIONS = {
    STOP: Definition(STOP, "action", confirm=True, doc="Ends the training where its loop asks run.should_stop."),
    PAUSED: Definition(PAUSED, "bool", False, doc="Holds the training at its next step until it goes on."),
    LOG_MORE: Definition(
        LOG_MORE, "int", 0, 0, INT_MAX, doc="For so many steps, what asks run.log_more logs at each of them."
    ),
}
"""By name. They are not stored: a run that is alive and says `controls` in its environment has them."""
