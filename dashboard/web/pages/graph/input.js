// Mouse and keys on the graph: what is clicked, pointed at and walked to.

// Listens for as long as the scope lasts.
export function listen(page, scope) {
  const idAt = (event) => {
    const found = event.target.closest?.("[data-id]");
    return found ? Number(found.dataset.id) : null;
  };
  page.svg.addEventListener("click", (event) => {
    if (page.camera.dragged) return;
    const id = idAt(event);
    if (id !== null && event.target.closest(".chevron")) page.toggle(id);
    else if (id !== null && event.target.closest(".badge.is-button")) page.spread(id);
    else page.select(event.target.closest(".back") && event.target.closest(".back") === event.target ? null : id);
    page.canvas.focus({ preventScroll: true });
  });
  page.svg.addEventListener("dblclick", (event) => {
    const id = idAt(event);
    if (id !== null && !event.target.closest(".chevron, .badge.is-button, .back")) page.toggle(id);
  });
  page.svg.addEventListener("pointerover", (event) => {
    const box = event.target.closest(".box, .chip");
    page.trace(box ? Number(box.dataset.id ?? box.dataset.rail) : null);
  });
  page.svg.addEventListener("pointerleave", () => page.trace(null));
  page.canvas.addEventListener("keydown", (event) => keyed(page, event));
  const onKey = (event) => {
    if (
      event.target.matches("input, textarea, select, [contenteditable]") ||
      event.metaKey ||
      event.ctrlKey ||
      event.altKey
    )
      return;
    if (event.key === "/") page.part("#graph-search")?.focus();
    else if (event.key === "f") page.camera.fit();
    else return;
    event.preventDefault();
  };
  scope.on(document, "keydown", onKey);
}

function keyed(page, event) {
  if (event.metaKey || event.ctrlKey || event.altKey || event.target !== page.canvas) return;
  if (event.key.startsWith("Arrow")) {
    const next = page.selected === null ? page.scene.boxes[0]?.id : page.tracing.neighbour(page.selected, event.key);
    if (next !== null && next !== undefined) {
      page.select(next);
      page.camera.centre(page.scene.byId.get(next), false);
    }
  } else if (event.key === "Enter" || event.key === " ") {
    if (page.selected !== null && page.model.canOpen(page.selected)) page.toggle(page.selected);
  } else if (event.key === "Escape") page.select(null);
  else if (event.key === "+" || event.key === "=") page.camera.zoom(1.25);
  else if (event.key === "-") page.camera.zoom(0.8);
  else return;
  event.preventDefault();
}
