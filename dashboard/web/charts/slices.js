// Long work in slices, one piece of work after the other: between two slices the page scrolls, types and draws.

const SLICE_MS = 16; // after which the next pause is taken

/** @typedef {{ work: Generator<void>, done: () => void }} Job */

/** @type {Job[]} */
const jobs = [];
let isRunning = false;

/**
 * Begins at once where nothing else is under way.
 * @param {Generator<void>} work that pauses where it can be left for a while
 * @param {() => void} done called when it has come to its end
 * @returns {() => void} which gives it up
 */
export function inSlices(work, done) {
  const job = { work, done };
  jobs.push(job);
  if (jobs.length === 1 && !isRunning) run();
  return () => {
    const at = jobs.indexOf(job);
    if (at < 0) return;
    jobs.splice(at, 1);
    work.return(undefined);
  };
}

function run() {
  const end = performance.now() + SLICE_MS;
  isRunning = true;
  try {
    while (jobs.length && performance.now() < end) step(jobs[0]);
  } finally {
    isRunning = false;
    // A message has its turn after what the reader does, and is not held back in a tab that nobody sees.
    if (jobs.length) channel.port2.postMessage(0);
  }
}

/** @param {Job} job */
function step(job) {
  let isDone = true;
  try {
    isDone = Boolean(job.work.next().done);
  } finally {
    if (isDone) jobs.shift();
  }
  if (isDone) job.done();
}

const channel = new MessageChannel();
channel.port1.onmessage = run;
