// The page of one set of boxes: gives one picture after the other to the editor of boxes, sends what
// a person has made of it, and takes back what they take back.

import * as editor from "./box_editor.js";
import { announce, ask, call, data, find } from "./common.js";

const { set, words } = data;
const base = `/boxes/${encodeURIComponent(set)}`;
const notice = find("#notice");

let queue = []; // names of pictures, the one to look at first
let current = null; // {name, url, width, height, boxes}, or null while there is none to look at
let held = -1; // number of the box in hand, -1 for none
let undoing = []; // what takes back one step each, the last step last: {of, undo()}
let working = false; // while the server is asked
const ahead = new Map(); // pictures on their way, by name

// --- pictures

const pathOf = (name) => `${base}/${name}`;

async function load(name) {
  const [told, response] = await Promise.all([call(pathOf(name)), ask(`${pathOf(name)}.jpg`)]);
  return { name, url: URL.createObjectURL(await response.blob()), ...told };
}

/** The picture, which may be on its way already. What failed is asked for again the next time. */
function fetched(name) {
  if (!ahead.has(name)) {
    const loading = load(name);
    ahead.set(name, loading);
    loading.catch(() => ahead.delete(name));
  }
  return ahead.get(name);
}

function forget(name) {
  ahead.get(name)?.then(({ url }) => URL.revokeObjectURL(url), () => {});
  ahead.delete(name);
}

async function show(name, drawn) {
  const picture = await fetched(name);
  if (current && current !== picture) forget(current.name);
  current = picture;
  showState();
  editor.open(picture, drawn ?? picture.boxes.map(boxOf));
  if (queue.length > 1) fetched(queue[1]).catch(() => {}); // told when it is its turn
}

/** Goes on to the first of the queue, leaving out what was confirmed elsewhere meanwhile. */
async function advance() {
  if (queue.length === 0) await refill();
  while (queue.length > 0 && (await fetched(queue[0])).confirmed) forget(queue.shift());
  if (queue.length > 0) await show(queue[0]);
}

async function refill() {
  const told = await call(`${base}/waiting`);
  queue = told.names;
  find("#confirmed").textContent = told.confirmed;
}

/** One errand to the server at a time; what goes wrong is said, and nothing on the page is lost. */
async function work(errand) {
  if (working) return;
  working = true;
  editor.lock(true);
  notice.textContent = "";
  try {
    await errand();
    announce(current ? `${words.left} ${queue.length}` : words.finished);
  } catch (error) {
    notice.textContent = error.message;
  } finally {
    working = false;
    editor.lock(false);
    showState();
    if (!find("#finished").hidden) find("#finished-heading").focus();
  }
}

function showState() {
  find("#work").hidden = current === null;
  find("#finished").hidden = current !== null || working || notice.textContent !== "";
  find("#left").textContent = queue.length;
  find("#undo").disabled = undoing.length === 0;
  find("#remove").disabled = held < 0;
  for (const id of ["remove", "add"]) find(`#${id}`).hidden = current === null;
  for (const id of ["skip", "done"]) find(`#${id}`).hidden = !find("#finished").hidden;
}

function counted(more) {
  const shown = find("#confirmed");
  shown.textContent = Number(shown.textContent) + more;
}

// --- what a person decides

/** A box as the server has it, and as the editor has it. */
const sidesOf = ({ left, top, right, bottom }) =>
  [left, top, right, bottom].map((each) => Math.round(100 * each) / 100);
const boxOf = ([left, top, right, bottom]) => ({ left, top, right, bottom });

const done = () =>
  work(async () => {
    if (current) await confirm();
    else queue = []; // what could not be shown may be gone: ask anew what waits
    await advance();
  });

async function confirm() {
  const { name } = current;
  const sent = { method: "PUT", body: { boxes: editor.drawn().map(sidesOf) } };
  const before = await call(pathOf(name), sent);
  if (!before.confirmed) counted(1);
  leave({ of: "done", undo: () => reopen(name, before) });
  queue.shift();
}

/** Makes a picture what it was before it was done: waiting, or as somebody else had confirmed it. */
async function reopen(name, before) {
  if (before.confirmed) {
    await call(pathOf(name), { method: "PUT", body: { boxes: before.boxes } });
  } else {
    await call(pathOf(name), { method: "DELETE" });
  }
  await back(name);
  if (!before.confirmed) counted(-1);
}

const skip = () =>
  work(async () => {
    if (current) {
      const [{ name }, drawn] = [current, editor.drawn()];
      leave({ of: "skip", undo: () => back(name, drawn) });
    }
    if (queue.length > 0) queue.push(queue.shift());
    await advance();
  });

async function back(name, drawn) {
  queue = [name, ...queue.filter((each) => each !== name)];
  await show(name, drawn);
}

/** Leaving a picture is one step; those within it cannot be taken back any more. */
function leave(step) {
  forget(current.name);
  current = null;
  editor.close();
  undoing = [...undoing.filter(({ of }) => of === "done" || of === "skip"), step];
}

const undo = () =>
  work(async () => {
    const step = undoing.at(-1);
    if (!step) return;
    await step.undo();
    undoing.pop();
  });

// --- keys

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  const onControl = event.target.closest("button, a");
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key.toLowerCase() === "z") undo();
  else if (control || event.altKey) return;
  else if (event.key in ARROWS && held >= 0) editor.nudge(ARROWS[event.key], event.shiftKey);
  else if (event.key === "Delete" || (event.key === "Backspace" && held >= 0)) editor.removeSelected();
  else if (event.key === "Backspace") undo();
  else if (event.key === "Escape") editor.letGo();
  else if (event.key === "Enter" && !event.repeat) {
    if (onControl) return;
    done();
  } else if (event.key !== "Enter") return; // one press, one picture, however long it is held
  event.preventDefault();
});

// --- start

find("#done").addEventListener("click", done);
find("#skip").addEventListener("click", skip);
find("#undo").addEventListener("click", undo);
find("#add").addEventListener("click", editor.addInTheMiddle);
find("#remove").addEventListener("click", editor.removeSelected);

const copy = find("#copy");
copy.hidden = !navigator.clipboard; // on plain http to another machine
copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(find("#command").textContent);
  announce(words.copied);
});

editor.listen({
  stepped(step) {
    // Nudges of one box, one after the other, are one step.
    if (!step.of || undoing.at(-1)?.of !== step.of) undoing.push(step);
    showState();
  },
  selected(box) {
    held = box;
    showState();
  },
  complained(sentence) {
    notice.textContent = sentence;
  },
});
work(advance);
