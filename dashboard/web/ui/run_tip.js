// A small table beside the pointer: a run, or a point of it, and what is known of it.

const tip = /** @type {HTMLElement} */ (document.getElementById("tip"));

// mark: a colour, or none.
/**
 * @param {{ clientX: number, clientY: number }} event
 * @param {string | Node} title
 * @param {[name: string, text: string][]} rows
 * @param {string | null} [mark]
 */
export function show(event, title, rows, mark = null) {
  const table = document.createElement("table");
  const caption = table.createCaption();
  if (mark) {
    const dot = Object.assign(document.createElement("i"), { className: "dot" });
    dot.style.background = mark;
    caption.append(dot);
  }
  caption.append(title);
  for (const [name, text] of rows) {
    const row = table.insertRow();
    row.insertCell().textContent = name;
    row.insertCell().textContent = text;
  }
  tip.replaceChildren(table);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const isRight = event.clientX + 16 + width > innerWidth - 8;
  tip.style.left = `${Math.max(8, isRight ? event.clientX - width - 16 : event.clientX + 16)}px`;
  tip.style.top = `${Math.max(8, Math.min(event.clientY + 12, innerHeight - height - 8))}px`;
}

export function hide() {
  tip.hidden = true;
}
