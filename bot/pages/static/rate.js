// The page /rate: one picture after the other, and five keys. Nobody waits for the network: the next
// pictures are there before it is their turn, and ratings are sent in the background.

import { announce, ask, call, data, find, NOT_NOW, pause } from "./common.js";
import { delivered, send } from "./outbox.js";

const { least, words } = data;
const AHEAD = 3; // pictures to have at hand
const notice = find("#notice");
const view = find("#view");
const rates = [...document.querySelectorAll("[data-score]")];

let queue = []; // {id, spoiler, agreed}, the one to look at first
let shown = null; // the one that is seen, or null while it is on its way
let steps = []; // what can be undone, the last one last: {item, score}, without a score if skipped
let counts = { counted: 0, unagreed: 0, expired: 0 };
let refilling = false;
const ahead = new Map(); // pictures at hand or on their way, by id

// --- pictures

async function load(id) {
  const response = await ask(`/rate/${id}.jpg`);
  const url = URL.createObjectURL(await response.blob());
  const image = Object.assign(new Image(), { src: url, alt: words.picture });
  await image.decode().finally(() => URL.revokeObjectURL(url));
  return image;
}

/** The picture, which may be at hand. What failed is asked for again the next time. */
function fetched({ id }) {
  if (!ahead.has(id)) {
    const loading = load(id);
    ahead.set(id, loading);
    loading.catch(() => ahead.delete(id));
  }
  return ahead.get(id);
}

function fetchAhead() {
  const near = [...queue.slice(0, 1 + AHEAD), ...steps.slice(-AHEAD).map(({ item }) => item)];
  const ids = new Set(near.map(({ id }) => id));
  for (const id of ahead.keys()) if (!ids.has(id)) ahead.delete(id);
  for (const item of near) fetched(item).catch(() => {}); // told when it is its turn
}

/** Shows the first of the queue, or that nothing is left. */
async function show() {
  shown = null;
  showState();
  const [item] = queue;
  if (!item) return refill();
  try {
    const image = await fetched(item);
    if (queue[0] !== item) return; // somebody was quicker
    find("#picture").replaceChildren(image);
    shown = item;
    cover(item.spoiler);
    showState();
    fetchAhead();
  } catch (error) {
    if (queue[0] !== item) return;
    if (error.status === 404) queue.shift(); // it was deleted, or has expired
    else {
      notice.textContent = error.message;
      await pause(2);
    }
    if (shown === null) await show();
  }
}

/** Asks what is left, and shows it or that it is nothing. */
async function refill() {
  if (refilling) return;
  refilling = true;
  const refused = await asked();
  refilling = false;
  if (refused) notice.textContent = refused.message;
  else if (queue.length > 0) await show();
  else showFinished();
}

/** Asks once the server knows all that was rated, and as often as it takes; why not, if it won't say. */
async function asked() {
  for (;;) {
    await delivered();
    try {
      const { waiting, ...told } = await call("/rate/waiting");
      const skipped = new Set(steps.filter(({ score }) => !score).map(({ item }) => item.id));
      queue = waiting.filter(({ id }) => !skipped.has(id));
      counts = told;
      return null;
    } catch (error) {
      if (!NOT_NOW.has(error.status)) return error;
      notice.textContent = error.message;
      await pause(2);
    }
  }
}

function showFinished() {
  showState();
  find("#finished").hidden = false;
  find("#finished-heading").focus();
  announce(words.finished);
}

// --- what a visitor decides

const isCovered = () => view.classList.contains("covered");

function cover(covered) {
  view.classList.toggle("covered", covered);
  find("#uncover").hidden = !covered;
}

function uncover() {
  cover(false);
  showState();
}

function rate(score) {
  if (!shown || isCovered()) return;
  send({ id: shown.id, mark: `rate_${score}` });
  count(shown, 1);
  leave({ item: shown, score });
}

function skip() {
  if (shown) leave({ item: shown });
}

function leave(step) {
  steps.push(step);
  queue.shift();
  show();
  announce(find("#progress").textContent);
}

function undo() {
  if (steps.length === 0 || refilling) return;
  const { item, score } = steps.pop();
  if (score) {
    send({ id: item.id, mark: `rate_${score}`, withdraw: true });
    count(item, -1);
  }
  queue = [item, ...queue];
  show();
}

function count({ agreed }, more) {
  counts[agreed ? "counted" : "unagreed"] += more;
}

/** What was skipped comes again. */
function lookAgain() {
  steps = steps.filter(({ score }) => score);
  refill();
}

async function reset() {
  const dialog = find("#reset-dialog");
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue !== "reset") return;
  notice.textContent = "";
  try {
    await delivered();
    await call("/rate/ratings", { method: "DELETE" });
    steps = [];
    queue = [];
    await show();
    announce(words.forgotten);
  } catch (error) {
    notice.textContent = error.message;
  }
}

function showState() {
  const rated = counts.counted + counts.unagreed + counts.expired;
  const skipped = steps.filter(({ score }) => !score).length;
  const all = rated + queue.length + skipped;
  find("#progress").textContent = words.progress.replace("{rated}", rated).replace("{all}", all);
  find("#known").textContent = counts.counted < least ? words.knownFrom : words.known;
  for (const sort of Object.keys(counts)) find(`#${sort}`).textContent = counts[sort];
  find("#work").hidden = queue.length === 0;
  find("#finished").hidden = true;
  view.ariaBusy = String(shown === null);
  for (const button of rates) button.disabled = shown === null || isCovered();
  find("#skip").disabled = shown === null;
  find("#undo").disabled = steps.length === 0;
  const last = steps.at(-1)?.score;
  find("#last").hidden = !last;
  find("#last").textContent = last ?? "";
}

// --- keys and buttons

document.addEventListener("keydown", (event) => {
  const held = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
  if (held || find("dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (/^[1-5]$/.test(key)) rate(Number(key));
  else if (key === "u" || key === "backspace") undo();
  else if (key === "s" || key === "arrowright") skip();
  else return;
  event.preventDefault();
});

for (const button of rates) button.addEventListener("click", () => rate(Number(button.dataset.score)));
find("#uncover").addEventListener("click", uncover);
find("#undo").addEventListener("click", undo);
find("#skip").addEventListener("click", skip);
find("#again").addEventListener("click", lookAgain);
find("#reset").addEventListener("click", reset);
show();
