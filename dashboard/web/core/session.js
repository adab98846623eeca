// That the server lets this page in: its key, and the question for a token when it does not know the key any more.
//
// The key is this page's own: a cookie is sent to every port of this machine, what is stored here is not. See
// dashboard/server/sessions.py.
import { boot, local } from "./state.js";
import { dialog } from "../ui/menu.js";
import { parse } from "./dictionary.js";

const place = `key ${boot.prefix}`;
/** @type {string} */
let key = boot.key ?? local.get(place, "");
if (boot.key) local.set(place, key);

/** @returns {Record<string, string>} */
export const headers = () => (key ? { "x-everystep-key": key } : {});
// A WebSocket takes no header; the server answers with the first of these.
export const protocols = () => (key ? ["everystep", key] : []);

/** @type {Set<() => void>} */
const listeners = new Set(); // told when the page is let in again
/** @param {() => void} listener */
export const onLetIn = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** @param {Record<string, string>} [more] */
const session = (more = {}) => fetch(`${boot.prefix}/session`, { headers: { ...headers(), ...more } });

let out = false; // whether the server does not know this page
export const isOut = () => out;

// Whether a proxy answered with a page of its own, to log in for instance: the server answers no question so.
/** @param {Response} answer */
export const isPage = (answer) => Boolean(answer.headers.get("content-type")?.startsWith("text/html"));

// How the page stands with the server: "in"; "out", whose token is asked for, once: who closed the question is not
// asked by every answer; "away" when nobody answers, or only a proxy. again: somebody wants to be asked.
/** @returns {Promise<"in" | "out" | "away">} */
export async function standing(again = false) {
  const shown = key;
  let answer;
  try {
    answer = await session();
  } catch {
    return "away";
  }
  if (shown !== key) return standing(again); // let in meanwhile
  if (answer.status === 401) {
    ask(again);
    return "out";
  }
  if (!answer.ok || isPage(answer)) return "away";
  out = false;
  return "in";
}

// Why the server does not let this page ask, where it may be one that a proxy shows under a name of which it was not
// told.
const refusal = /** @type {HTMLElement} */ (document.getElementById("refused"));
export const isRefused = () => !refusal.hidden;
export const forgetRefusal = () => {
  refusal.hidden = true;
};

/** @param {Response} answer */
async function refused(answer) {
  let said = null;
  try {
    said = parse(await answer.text());
  } catch {
    /* not ours */
  }
  if (!said?.allow) return;
  refusal.textContent = said.error;
  refusal.hidden = false;
}

// An answer to a question of the page; one that it may not ask is followed by asking for the token, or by saying why.
// The answer may be to a key of before: whether the server knows the page now, it says itself.
/** @param {Response} answer */
export function heard(answer) {
  if (answer.status === 401 && !out) standing();
  if (answer.status === 403) refused(answer.clone());
  return answer;
}

// What was pasted: a token, or an address with one, as viz printed it; behind a proxy the page has another.
/**
 * @param {string} text
 * @returns {{ token: string, address?: URL }}
 */
function understood(text) {
  if (!text.includes("token=")) return { token: text };
  const address = new URL(text, location.href);
  return { token: address.searchParams.get("token") ?? "", address };
}

// Goes to the page of another server, with what this one shows.
/** @param {URL} address */
function go(address) {
  for (const [name, value] of new URLSearchParams(location.search)) address.searchParams.append(name, value);
  location.href = address.href;
}

/** @type {HTMLDialogElement | null} */
let open = null;
function ask(again = false) {
  if (open || (out && !again)) return;
  out = true;
  const form = document.createElement("form");
  form.className = "asking";
  const words = form.appendChild(document.createElement("p"));
  words.textContent =
    "The server was restarted and asks for its new token. Paste it, or the address that viz printed; " +
    "the page goes on as it is.";
  const field = form.appendChild(
    Object.assign(document.createElement("input"), {
      autocomplete: "off",
      spellcheck: false,
      placeholder: `${location.origin}/?token=…`,
    }),
  );
  field.setAttribute("aria-label", "Token, or address that contains it");
  const wrong = form.appendChild(Object.assign(document.createElement("p"), { className: "wrong" }));
  wrong.setAttribute("role", "alert");
  form.append(Object.assign(document.createElement("button"), { className: "button is-main", textContent: "Go on" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    try {
      const { token, address } = understood(field.value.trim());
      const answer = await session({ authorization: `Bearer ${token}` });
      if (
        answer.status === 401 &&
        address &&
        address.origin + address.pathname !== location.origin + location.pathname
      ) {
        go(address);
        return;
      }
      if (!answer.ok) {
        wrong.textContent =
          answer.status === 401
            ? "This is not the token of the server that is running."
            : parse(await answer.text()).error;
        return;
      }
      key = parse(await answer.text()).key;
      local.set(place, key);
      out = false;
      open?.close();
      for (const listener of listeners) listener();
    } catch (error) {
      wrong.textContent = `The server cannot be reached: ${/** @type {Error} */ (error).message}`;
    }
  });
  open = dialog("Token required", form);
  open.addEventListener("close", () => {
    open = null;
  });
  field.focus();
}
