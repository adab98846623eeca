// Mouse and keys on the graph: what is clicked, pointed at and walked to.

/** @typedef {import("./visit.js").GraphVisit} Page */
/** @typedef {import("./stage.js").Stage} Stage */

/** @param {Event} event */
const targetOf = (event) => /** @type {Element} */ (event.target);

/**
 * Listens for as long as the scope lasts.
 * @param {Page} page
 * @param {Stage} stage of it
 * @param {import("../../core/scope.js").Scope} scope
 */
export function listen(page, stage, scope) {
  const { svg, canvas, camera } = stage;
  /** @param {Event} event */
  const idAt = (event) => {
    const found = targetOf(event).closest("[data-id]");
    return found ? Number(found.getAttribute("data-id")) : null;
  };
  svg.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    if (camera.dragged) return;
    const id = idAt(event);
    const target = targetOf(event);
    if (id !== null && target.closest(".chevron")) page.toggle(id);
    else if (id !== null && target.closest(".badge.is-button")) page.spread(id);
    else page.select(target.closest(".back") === target ? null : id);
    canvas.focus({ preventScroll: true });
  });
  svg.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => {
    const id = idAt(event);
    if (id !== null && !targetOf(event).closest(".chevron, .badge.is-button, .back")) page.toggle(id);
  });
  svg.addEventListener("pointerover", (/** @type {PointerEvent} */ event) => {
    const box = targetOf(event).closest(".box, .chip");
    page.trace(box ? Number(box.getAttribute("data-id") ?? box.getAttribute("data-rail")) : null);
  });
  svg.addEventListener("pointerleave", () => page.trace(null));
  canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => keyed(page, stage, event));
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (
      targetOf(event).matches("input, textarea, select, [contenteditable]") ||
      event.metaKey ||
      event.ctrlKey ||
      event.altKey
    )
      return;
    if (event.key === "/") page.part("#graph-search").focus();
    else if (event.key === "f") camera.fit();
    else return;
    event.preventDefault();
  };
  scope.on(document, "keydown", onKey);
}

/**
 * @param {Page} page
 * @param {Stage} stage
 * @param {KeyboardEvent} event
 */
function keyed(page, stage, event) {
  if (event.metaKey || event.ctrlKey || event.altKey || event.target !== stage.canvas) return;
  const { model, selected } = page;
  const { camera, scene, tracing } = stage;
  if (!model || !scene || !tracing) return;
  if (event.key.startsWith("Arrow")) {
    const next = selected === null ? scene.boxes[0]?.id : tracing.neighbour(selected, event.key);
    const box = scene.byId.get(next ?? -1);
    if (box) {
      page.select(box.id);
      camera.centre(box, false);
    }
  } else if (event.key === "Enter" || event.key === " ") {
    if (selected !== null && model.canOpen(selected)) page.toggle(selected);
  } else if (event.key === "Escape") page.select(null);
  else if (event.key === "+" || event.key === "=") camera.zoom(1.25);
  else if (event.key === "-") camera.zoom(0.8);
  else return;
  event.preventDefault();
}
