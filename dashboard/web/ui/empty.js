// What a page says when there is nothing to show yet: why, and what to do.
import { boot } from "../core/state.js";
import * as runs from "../core/runs.js";
import { lookup } from "../text/lookup.js";

/** @type {Record<string, [title: string, line: string]>} */
const kinds = lookup({
  curves: ["No curves yet", 'tracker.log({"train/loss": loss}, step=step)'],
  distributions: ["No histograms yet", 'tracker.log({"weights/fc1": tracker.Histogram(w)}, step=step)'],
  graph: ["No graph yet", "tracker.log_graph(model, example_input)"],
  runs: ["No runs yet", 'tracker.init(logdir="runs")'],
  profiles: ["No profiles yet", 'tracker.log({"profile": tracker.Profile("trace.json")}, step=step)'],
  machines: ["No machine was sampled", "tracker.init(machine=True, console=True)"],
  ranks: ["No ranks yet", 'tracker.init(name="big")  # in each process that torchrun starts'],
  panes: ["No panes yet", 'run.pane("samples", tracker.Image(x), title="What it takes for a 7")'],
  paths: ["No paths yet", 'tracker.log({"path/beale/x": x, "path/beale/y": y, "path/beale/value": z}, step=step)'],
  quality: ["No quality curves yet", 'tracker.log({"val/spam": tracker.PRCurve(labels, probabilities)}, step=step)'],
  embeddings: ["No embeddings yet", 'tracker.log({"words": tracker.Embedding(vectors, labels)}, step=step)'],
  meshes: ["No meshes yet", 'tracker.log({"body": tracker.Mesh(vertices, faces)}, step=step)'],
  layouts: [
    "No layouts yet",
    'tracker.log({"layout": tracker.Layout({"losses": {"both": ["Multiline", ["train/loss", "val/loss"]]}})})',
  ],
  try: ["No models yet", 'run.log_model(model, "digits", inputs=(None, 1, 8, 8), classes=names, step=step)'],
  controls: ["No controls yet", 'lr = run.control("lr", 1e-3, low=1e-6, high=1.0, log=True)'],
  compare: ["No runs to compare yet", 'tracker.init(config={"lr": 1e-3, "width": 128})'],
  media: ["No images or texts yet", 'tracker.log({"samples": tracker.Image(x)}, step=step)'],
});

const FIRST = `import tracker

tracker.init(logdir=LOGDIR)
for step in range(1000):
    tracker.log({"train/loss": loss}, step=step)`;

/** @param {string} page */
export function emptyPage(page) {
  const element = document.createElement("div");
  element.className = "empty";
  const [title, line] = kinds[page];
  const first = !runs.all().length;
  const heading = element.appendChild(document.createElement("h2"));
  heading.textContent = first ? "Waiting for the first run" : title;
  const words = element.appendChild(document.createElement("p"));
  words.textContent = first
    ? "Log from any training loop, and it appears here by itself:"
    : "No run has logged any. From a training loop:";
  const code = element.appendChild(document.createElement("pre"));
  code.textContent = first ? FIRST.replace("LOGDIR", () => JSON.stringify(boot.logdir)) : line;
  const waiting = element.appendChild(document.createElement("p"));
  waiting.className = "waiting";
  waiting.append(
    document.createElement("i"),
    first ? `watching ${boot.logdir}` : "this page fills as soon as something is logged",
  );
  return element;
}
