// Elements from plain values: text is set as text, attributes as attributes, nothing is parsed.
export function node(name, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== null && value !== undefined && value !== false)
      element.setAttribute(key, value === true ? "" : value);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

// A row of choices of which one holds; tells act(value) when another is chosen.
export function choice(label, options, value, act) {
  const group = node("div", { class: "choice", role: "radiogroup", "aria-label": label });
  for (const [key, title] of options) {
    const button = group.appendChild(
      node("button", {
        type: "button",
        role: "radio",
        "aria-checked": String(key === value),
        "data-key": key,
        text: title,
      }),
    );
    button.addEventListener("click", () => {
      show(key);
      act(key);
    });
  }
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = [...group.children];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next.focus();
    next.click();
    event.preventDefault();
  });
  const show = (key) => {
    for (const button of group.children) {
      button.setAttribute("aria-checked", String(button.dataset.key === key));
      button.tabIndex = button.dataset.key === key ? 0 : -1;
    }
  };
  show(value);
  group.show = show;
  return group;
}
