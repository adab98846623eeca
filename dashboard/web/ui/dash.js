// Brings the controls that Dash renders to life, once the curves have had their turn; and what else its packages draw.
import { quiet } from "../core/curve_requests.js";
import { boot } from "../core/state.js";
import { once } from "../core/once.js";
import { Controls } from "./controls.js";

const GRID = "/dash_ag_grid/"; // as long to read as all the rest, and only the table of runs needs it
const REACT = /\/deps\/(react|react-dom|prop-types)@/; // of the same package as ours
const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 200));

// Both the server and the page have half a second to do for it, in which a zoom would wait: so it comes when nobody has
// zoomed for a moment, though not at the end of time.
const CALM = 300,
  LONGEST = 3000;

/** @param {import("../core/scope.js").Scope} scope for as long as which the controls follow the page's state */
export function loadDash(scope, asked = performance.now()) {
  if (quiet() < CALM && performance.now() - asked < LONGEST) scope.setTimeout(() => loadDash(scope, asked), 50);
  else
    idle(
      () => {
        start(scope).catch(() => {
          /* the page works without the controls, and the terminal says why */
        });
      },
      { timeout: 400 },
    );
}

const pause = () => new Promise((done) => idle(done, { timeout: 400 }));

/**
 * @param {string} source
 * @returns {Promise<void>}
 */
const run = (source) =>
  new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = source;
    script.async = false;
    script.onload = () => done();
    script.onerror = () => failed(new Error(`${new URL(source, location.href).pathname} could not be read.`));
    document.body.append(script);
  });

/** @param {import("../core/scope.js").Scope} scope */
async function start(scope) {
  const answer = await fetch(`${boot.prefix}/dash/`);
  if (!answer.ok) throw new Error("Dash could not be started; the terminal of viz says why.");
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  const configuration = made.getElementById("_dash-config")?.textContent ?? "{}";
  const kept = document.createElement("script");
  kept.id = "_dash-config";
  kept.type = "application/json";
  // Dash's own socket stays closed: live data have a better one, and it would be opened only to be unused.
  const { websocket: _, ...settings } = JSON.parse(configuration);
  // It writes addresses as the server knows them, which are not those of the page behind a proxy.
  const theirs = settings.requests_pathname_prefix,
    ours = `${boot.prefix}/dash/`;
  /** @param {string | null} address */
  const placed = (address) => (address?.startsWith(theirs) ? ours + address.slice(theirs.length) : (address ?? ""));
  Object.assign(settings, { url_base_pathname: ours, requests_pathname_prefix: ours });
  for (const link of /** @type {NodeListOf<HTMLLinkElement>} */ (made.querySelectorAll('link[rel="stylesheet"]'))) {
    const own = document.importNode(link);
    own.href = placed(link.getAttribute("href"));
    document.head.append(own);
  }
  kept.textContent = JSON.stringify(settings);
  document.body.append(kept);
  // One after the other, as the page that Dash would have made itself runs them.
  const sources = [...made.querySelectorAll("script[src]")].map((script) => placed(script.getAttribute("src")));
  await react();
  for (const source of sources) {
    if (source.includes(GRID) || REACT.test(source)) continue;
    await pause(); // to run one takes 100 ms and more
    await run(source);
  }
  const controls = new Controls();
  window.dash_clientside = Object.assign({}, window.dash_clientside, { everystep: controls.functions });
  new window.DashRenderer();
  const root = /** @type {HTMLElement} */ (document.getElementById("react-entry-point"));
  const drawn = scope.observer(
    new MutationObserver(() => {
      if (!root.querySelector(".tool-row input")) return;
      drawn.disconnect();
      controls.bind(scope);
      document.body.classList.add("has-dash");
    }),
  );
  drawn.observe(root, { childList: true, subtree: true });
}

// What both the controls and the table of runs are made with, read once.
const react = once(() => inTurn(["react.js", "react-dom.js", "prop-types.js"]));

/** @param {string[]} names */
async function inTurn(names) {
  await Promise.all(names.map((name) => run(`${boot.prefix}/packages/${name}`))); // they run in their order
}

// The component of AG Grid that Dash's package brings. It needs React, and not Dash: a table that is opened first does
// not wait for that.
export const loadGrid = once(bringGrid);

async function bringGrid() {
  await react();
  await inTurn(["dash_ag_grid.min.js"]);
  return { AgGrid: window.dash_ag_grid.AgGrid, React: window.React, ReactDOM: window.ReactDOM };
}
