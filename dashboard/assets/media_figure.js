// A figure: Matplotlib's as a picture, Plotly's drawn by Plotly, which comes from this server when one is in sight.
import * as api from "./api.js";
import { boot } from "./state.js";
import { node } from "./dom.js";
import { css } from "./palette.js";
import { open } from "./media_large.js";
import { unpacked } from "./media_data.js";

export function make(item, panel) {
  const holder = node("div", { class: "figure-holder" });
  const caption = node("figcaption");
  const element = node("figure", { class: "figure" }, holder, caption);
  let shown = null, at = item;
  const theme = () => { shown = null; element.update(at); };
  element.update = (now) => {
    at = now;
    caption.textContent = now.attributes.caption ?? "";
    if (shown === now.hash) return;
    shown = now.hash;
    if (now.form.startsWith("image/")) picture(holder, panel, now);
    else plot(holder, panel, now, () => shown === now.hash);
  };
  element.end = () => { document.removeEventListener("themechange", theme); window.Plotly?.purge(holder); };
  document.addEventListener("themechange", theme);
  element.update(item);
  return element;
}

function picture(holder, panel, item) {
  const image = node("img", { src: api.blobAddress(panel.run, item.hash), loading: "lazy", width: item.attributes.width, height: item.attributes.height, alt: item.attributes.caption ?? `Figure ${panel.tag}` });
  const button = node("button", { type: "button", class: "picture-open", "aria-label": `Enlarge figure ${panel.tag}` }, image);
  button.addEventListener("click", () => open(panel, item));
  window.Plotly?.purge(holder);
  holder.replaceChildren(button);
}

let plotly = null;
function drawer() {
  plotly ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = `${boot.prefix}/packages/plotly.js`;
    script.onload = () => done(window.Plotly);
    script.onerror = () => { plotly = null; failed(new Error("Plotly could not be loaded")); };
    document.head.append(script);
  });
  return plotly;
}

async function plot(holder, panel, item, isWanted) {
  try {
    const [found, Plotly] = await Promise.all([unpacked(panel.run, item.hash), drawer()]);
    if (!isWanted()) return;
    if (!holder.classList.contains("js-plotly-plot")) holder.replaceChildren();
    const ink = css("--text"), grid = css("--line");
    const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true };
    const plain = { data: Array.isArray(found.data) ? found.data : [], layout: found.layout && typeof found.layout === "object" ? found.layout : {} };
    const layout = { ...plain.layout, template: mixed(plain.layout.template, axis), autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, family: css("--font"), size: 12, ...plain.layout.font } };
    delete layout.width;
    delete layout.height;
    // Nothing leaves the machine: no link to anyone's cloud, and the page's policy lets no picture of another host in.
    await Plotly.react(holder, plain.data, layout, { responsive: true, displaylogo: false, displayModeBar: false, showLink: false, plotlyServerURL: "", topojsonURL: "" });
  } catch (error) {
    if (isWanted()) holder.replaceChildren(node("p", { class: "page-note", text: `The figure could not be drawn: ${error.message}` }));
  }
}

// The figure's own template with axes and words in the colours of the page.
function mixed(template, axis) {
  const layout = template?.layout ?? {};
  const over = (name) => ({ ...layout[name], ...axis });
  return { ...template, layout: { ...layout, xaxis: over("xaxis"), yaxis: over("yaxis"), font: { ...layout.font, color: css("--text") } } };
}
