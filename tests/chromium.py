"""Chromium as the tests start it: where it is, its flags, and the page without the half of it that Dash draws."""

from __future__ import annotations

import os
import shutil

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP training.example 127.0.0.1",  # for what is reached by a name; as the documents call it
    # Chromium draws what it suggests below its address bar with two pages of its own in each window, which nobody
    # sees here: half of what a page of ours costs (0.7 of 1.5 s). The others are off already, in a list of
    # Playwright's that this one replaces.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,PaintHolding,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable"
    ",DestroyProfileOnBrowserClose,MediaRouter,OptimizationHints,NetworkTimeServiceQuerying,PreconnectToSearch",
]

WITHOUT_DASH = """{
  const ask = window.fetch;
  window.fetch = (address, ...how) =>
    /\\/dash\\/$/.test(address) ? Promise.resolve(new Response("", { status: 503 })) : ask(address, ...how);
}"""
"""The page as it is until Dash has come: all of it but the few controls that Dash renders. Half of what a page costs here
(0.8 s of a processor) are Dash's scripts, so that they come where a test is marked with `dash`, or all are asked to be with
EVERYSTEP_DASH=1."""

ABSENT = "needs Chromium; tests/run installs it, or set EVERYSTEP_CHROMIUM to its path"


def path() -> str | None:
    """Where it is; None where it is not."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("EVERYSTEP_CHROMIUM") or next(
        (found for name in names if (found := shutil.which(name))), None
    )
