// A window over the whole page, for a picture or a figure at large.
import { node } from "../../ui/dom.js";

/**
 * A button with a sign on it.
 * @param {string} name
 * @param {string} text
 * @param {() => void} act
 */
export function iconButton(name, text, act) {
  const made = node("button", { type: "button", class: "icon-button", "aria-label": name, title: name, text });
  made.addEventListener("click", act);
  return made;
}

/**
 * The window, open; it is gone when it is closed.
 * @param {string} title
 * @param {{ label: string, head: Node[], body: Node, onClose: () => void }} parts head: what stands beside the title
 */
export function largeDialog(title, { label, head, body, onClose }) {
  const dialog = node(
    "dialog",
    { class: "large", "aria-label": label },
    node(
      "header",
      {},
      node("h2", { text: title }),
      ...head,
      iconButton("Close (Esc)", "✕", () => dialog.close()),
    ),
    body,
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    onClose();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
