// Brings the controls that Dash renders to life, once the curves have had their turn.
import { boot } from "./state.js";
import { bind, functions } from "./controls.js";

const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 200));

export function loadDash() {
  idle(begin, { timeout: 400 });
}

async function begin() {
  let answer;
  try { answer = await fetch(`${boot.prefix}/dash/`); } catch { return; }
  if (!answer.ok) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const link of made.querySelectorAll('link[rel="stylesheet"]')) document.head.append(document.importNode(link));
  const configuration = made.getElementById("_dash-config");
  const kept = document.createElement("script");
  kept.id = "_dash-config";
  kept.type = "application/json";
  // Dash's own socket stays closed: live data have a better one, and it would be opened only to be unused.
  const { websocket: _, ...settings } = JSON.parse(configuration.textContent);
  kept.textContent = JSON.stringify(settings);
  document.body.append(kept);
  // One after the other, as the page that Dash would have made itself runs them.
  const sources = [...made.querySelectorAll("script[src]")].map((script) => script.getAttribute("src"));
  for (const source of sources) {
    const script = document.createElement("script");
    script.src = source;
    script.async = false;
    document.body.append(script);
    await new Promise((done) => { script.onload = script.onerror = done; });
  }
  if (!window.DashRenderer) return;
  window.dash_clientside = Object.assign({}, window.dash_clientside, { everystep: functions });
  new window.DashRenderer();
  const root = document.getElementById("react-entry-point");
  const drawn = new MutationObserver(() => {
    if (!root.querySelector(".tool-row input")) return;
    drawn.disconnect();
    bind();
    document.body.classList.add("has-dash");
  });
  drawn.observe(root, { childList: true, subtree: true });
}
