"""Alerts: rules over runs that are tried on what is stored before they are armed, and told until somebody has heard.

Pure are `condition`, `moments`, `trigger` and `crossings`: when a rule fires is a function of what a run has logged, so
that a back-test and a live training say the same. `reading` and `back_test` ask stored runs; `watcher` follows live
ones, `outbox` delivers.
"""
