// The page of one set of boxes: shows one picture after the other, lets a person correct the boxes
// around its faces, and sends them. Boxes are in pixels of the picture, as is the drawing area
// (an SVG, whose view also takes in a margin for the corners to be taken hold of).

import { announce, ask, call, data, find } from "./common.js";

const { set, smallest, most, words } = data;
const base = `/boxes/${encodeURIComponent(set)}`;
const stage = find("#stage");
const notice = find("#notice");

/** CSS pixels: what a finger can hit, how much of it may cover a box, where a new box begins. */
const FINGER = 44;
const COVER = 16;
const MARGIN = 22;
const STILL = 6;

const CORNERS = ["left top", "right top", "left bottom", "right bottom"].map((each) => each.split(" "));

let queue = []; // names of pictures, the one to look at first
let current = null; // {name, url, width, height}, or null while there is none to look at
let boxes = []; // {left, top, right, bottom} each, never changed in place
let selected = -1; // number of the box in hand
let gesture = null; // what a finger is doing: {pointer, from, before, reach(point), moved}
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
  boxes = drawn ?? picture.boxes.map(([left, top, right, bottom]) => ({ left, top, right, bottom }));
  select(-1);
  const image = find("#picture");
  image.setAttribute("width", picture.width);
  image.setAttribute("height", picture.height);
  image.setAttribute("href", picture.url);
  fit();
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
  drop();
  working = true;
  notice.textContent = "";
  try {
    await errand();
    announce(current ? `${words.left} ${queue.length}` : words.finished);
  } catch (error) {
    notice.textContent = error.message;
  } finally {
    working = false;
    draw();
    if (!find("#finished").hidden) find("#finished-heading").focus();
  }
}

function counted(more) {
  const shown = find("#confirmed");
  shown.textContent = Number(shown.textContent) + more;
}

// --- what a person decides

const rounded = ({ left, top, right, bottom }) =>
  [left, top, right, bottom].map((each) => Math.round(100 * each) / 100);

const done = () =>
  work(async () => {
    if (current) await confirm();
    else queue = []; // what could not be shown may be gone: ask anew what waits
    await advance();
  });

async function confirm() {
  const { name } = current;
  const sent = { method: "PUT", body: { boxes: boxes.map(rounded) } };
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
      const [{ name }, drawn] = [current, boxes];
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
  undoing = [...undoing.filter(({ of }) => of === "done" || of === "skip"), step];
}

const undo = () =>
  work(async () => {
    const step = undoing.at(-1);
    if (!step) return;
    await step.undo();
    undoing.pop();
  });

// --- boxes

/** Whether the boxes may be changed: not while they are sent or the next picture comes. */
const isOpen = () => current !== null && !working;

/** Changes the boxes. Steps of the same name, one after the other, are taken back together. */
function change(next, of) {
  const [drawn, held] = [boxes, selected];
  if (!of || undoing.at(-1)?.of !== of) {
    undoing.push({ of, undo: () => ([boxes, selected] = [drawn, held]) });
  }
  boxes = next;
  draw();
}

/** With one box more, if there may be one. */
function grown(drawn, box) {
  if (drawn.length < most) return [...drawn, box];
  notice.textContent = words.tooMany;
  return drawn;
}

function addInTheMiddle() {
  if (!isOpen()) return;
  const [x, y] = [current.width / 2, current.height / 2];
  const half = Math.max(smallest, Math.min(x, y) / 2) / 2;
  const next = grown(boxes, { left: x - half, top: y - half, right: x + half, bottom: y + half });
  if (next === boxes) return;
  change(next);
  select(next.length - 1);
}

function removeSelected() {
  if (!isOpen() || selected < 0) return;
  const gone = selected;
  const next = boxes.filter((_, i) => i !== gone);
  change(next);
  select(Math.min(gone, next.length - 1));
}

const replaced = (i, box) => boxes.map((each, j) => (i === j ? box : each));

function clamp(value, most) {
  return Math.min(Math.max(value, 0), most);
}

/** The box between two points, as far as it lies in the picture. */
function between(one, other) {
  const [x, y] = [[one.x, other.x], [one.y, other.y]];
  const { width, height } = current;
  return {
    left: clamp(Math.min(...x), width),
    top: clamp(Math.min(...y), height),
    right: clamp(Math.max(...x), width),
    bottom: clamp(Math.max(...y), height),
  };
}

function moved({ left, top, right, bottom }, dx, dy) {
  const x = clamp(left + dx, current.width - (right - left)) - left;
  const y = clamp(top + dy, current.height - (bottom - top)) - top;
  return { left: left + x, top: top + y, right: right + x, bottom: bottom + y };
}

const isLargeEnough = ({ left, top, right, bottom }) =>
  right - left >= smallest && bottom - top >= smallest;

/** The box whose middle is nearest, measured by its size; a small one is as easy to hit as a finger. */
function under({ x, y }) {
  const reach = FINGER / scale();
  let [nearest, found] = [1, -1];
  boxes.forEach(({ left, top, right, bottom }, i) => {
    const dx = Math.abs(2 * x - left - right) / Math.max(right - left, reach);
    const dy = Math.abs(2 * y - top - bottom) / Math.max(bottom - top, reach);
    if (Math.max(dx, dy) < nearest) [nearest, found] = [Math.max(dx, dy), i];
  });
  return found;
}

// --- fingers

/** How far fingers have zoomed the page: nothing to take hold of grows with it. */
function zoom() {
  return window.visualViewport?.scale ?? 1;
}

/** Screen pixels a pixel of the picture. */
function scale() {
  return (stage.getScreenCTM()?.a ?? 1) * zoom();
}

function pointOf(event) {
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(stage.getScreenCTM().inverse());
}

/** What the rest of the gesture does: from a point, the boxes. */
function reachFrom(start, corner) {
  const before = boxes;
  if (corner) {
    const box = boxes[selected];
    const [x, y] = corner;
    const anchor = { x: x === "left" ? box.right : box.left, y: y === "top" ? box.bottom : box.top };
    const off = { x: box[x] - start.x, y: box[y] - start.y };
    return (point) => {
      const next = between(anchor, { x: point.x + off.x, y: point.y + off.y });
      if (isLargeEnough(next)) boxes = replaced(selected, next);
    };
  }
  const hit = under(start);
  select(hit);
  if (hit >= 0) {
    const box = boxes[hit];
    return (point) => (boxes = replaced(hit, moved(box, point.x - start.x, point.y - start.y)));
  }
  return (point) => {
    const next = between(start, point);
    boxes = isLargeEnough(next) ? grown(before, next) : before;
    selected = boxes === before ? -1 : before.length;
  };
}

stage.addEventListener("pointerdown", (event) => {
  if (gesture) return drop(); // a second finger: the first one meant to zoom
  if (!isOpen() || event.button !== 0) return;
  event.preventDefault(); // of selecting text and moving the focus
  stage.setPointerCapture(event.pointerId);
  notice.textContent = "";
  const corner = event.target.dataset.corner?.split(" ");
  const before = [boxes, selected];
  const start = pointOf(event);
  gesture = { pointer: event.pointerId, from: event, before, reach: reachFrom(start, corner), moved: false };
  draw();
});

stage.addEventListener("pointermove", (event) => {
  if (gesture?.pointer !== event.pointerId) return;
  const { from } = gesture;
  const way = Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY);
  gesture.moved ||= way * zoom() >= STILL;
  if (!gesture.moved) return;
  gesture.reach(pointOf(event));
  draw();
});

stage.addEventListener("pointerup", (event) => {
  if (gesture?.pointer !== event.pointerId) return;
  const [next, held] = [boxes, selected];
  [boxes, selected] = gesture.before;
  gesture = null;
  if (next !== boxes) change(next);
  select(held);
});

stage.addEventListener("pointercancel", drop);

/** Gives up what a finger has begun. */
function drop() {
  if (!gesture) return;
  [boxes, selected] = gesture.before;
  gesture = null;
  draw();
}

// --- keys

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function nudge([dx, dy], resize) {
  if (!isOpen()) return;
  const step = Math.max(1, 2 / scale());
  const box = boxes[selected];
  const next = resize
    ? between({ x: box.left, y: box.top }, { x: box.right + step * dx, y: box.bottom + step * dy })
    : moved(box, step * dx, step * dy);
  if (isLargeEnough(next)) change(replaced(selected, next), `nudge ${selected}`);
}

document.addEventListener("keydown", (event) => {
  const onControl = event.target.closest("button, a");
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key.toLowerCase() === "z") undo();
  else if (control || event.altKey) return;
  else if (event.key in ARROWS && selected >= 0) nudge(ARROWS[event.key], event.shiftKey);
  else if (event.key === "Delete" || (event.key === "Backspace" && selected >= 0)) removeSelected();
  else if (event.key === "Backspace") undo();
  else if (event.key === "Escape") gesture ? drop() : select(-1);
  else if (event.key === "Enter" && !event.repeat) {
    if (onControl) return;
    done();
  } else if (event.key !== "Enter") return; // one press, one picture, however long it is held
  event.preventDefault();
});

// --- drawing

/** Takes a box in hand, or none (-1). */
function select(i) {
  selected = i;
  draw();
  if (i >= 0) find("#faces").children[i].focus({ preventScroll: true });
  else if (stage.contains(document.activeElement)) stage.focus({ preventScroll: true });
}

/** Makes the picture as large as its place allows, with a margin around it. */
function fit() {
  if (!current) return;
  const { width, height } = current;
  const { clientWidth, clientHeight } = stage;
  if (clientWidth === 0) return; // not shown
  const fits = Math.min((clientWidth - 2 * MARGIN) / width, (clientHeight - 2 * MARGIN) / height);
  const margin = MARGIN / fits;
  const view = [-margin, -margin, width + 2 * margin, height + 2 * margin];
  stage.setAttribute("viewBox", view.join(" "));
  draw();
}

function draw() {
  find("#work").hidden = current === null;
  find("#finished").hidden = current !== null || working || notice.textContent !== "";
  find("#left").textContent = queue.length;
  find("#undo").disabled = undoing.length === 0;
  find("#remove").disabled = selected < 0;
  for (const id of ["remove", "add"]) find(`#${id}`).hidden = current === null;
  for (const id of ["skip", "done"]) find(`#${id}`).hidden = !find("#finished").hidden;
  stage.style.setProperty("--zoom", zoom());
  drawFaces();
  drawCorners();
}

function drawFaces() {
  const faces = find("#faces");
  while (faces.childElementCount > boxes.length) faces.lastElementChild.remove();
  while (faces.childElementCount < boxes.length) faces.append(faceElement(faces.childElementCount));
  boxes.forEach((box, i) => {
    const face = faces.children[i];
    face.setAttribute("aria-pressed", String(i === selected));
    for (const rect of face.children) place(rect, box);
  });
}

function faceElement(i) {
  const face = svg("g", { tabindex: 0, role: "button", "aria-label": `${words.face} ${i + 1}` });
  face.append(svg("rect", { class: "edge" }), svg("rect", { class: "line" }));
  face.addEventListener("focus", () => {
    selected = i;
    draw();
  });
  return face;
}

/** The corners of the box in hand: as large as a finger, but leaving the middle of a small box free. */
function drawCorners() {
  const corners = find("#corners");
  if (corners.childElementCount === 0) {
    corners.append(...CORNERS.map((corner) => svg("rect", { class: "grip", "data-corner": corner.join(" ") })));
    corners.append(...CORNERS.map(() => svg("circle", { class: "knob" })));
  }
  const box = boxes[selected];
  corners.toggleAttribute("hidden", !box);
  if (!box) return;
  const unit = 1 / scale();
  const radius = Math.min(6 * unit, (box.right - box.left) / 4, (box.bottom - box.top) / 4);
  CORNERS.forEach(([x, y], i) => {
    place(corners.children[i], grip(box, x, y, unit));
    const knob = corners.children[CORNERS.length + i];
    knob.setAttribute("cx", box[x]);
    knob.setAttribute("cy", box[y]);
    knob.setAttribute("r", Math.max(radius, 3 * unit));
  });
}

/** Where a finger can take hold of a corner, inside the view. */
function grip(box, x, y, unit) {
  const view = stage.viewBox.baseVal;
  const size = FINGER * unit;
  const cover = (side) => Math.min(COVER * unit, side / 4);
  const within = (start, from, length) => Math.min(Math.max(start, from), from + length - size);
  const [insideX, insideY] = [cover(box.right - box.left), cover(box.bottom - box.top)];
  const left = within(box[x] + (x === "left" ? insideX - size : -insideX), view.x, view.width);
  const top = within(box[y] + (y === "top" ? insideY - size : -insideY), view.y, view.height);
  return { left, top, right: left + size, bottom: top + size };
}

function place(rect, { left, top, right, bottom }) {
  rect.setAttribute("x", left);
  rect.setAttribute("y", top);
  rect.setAttribute("width", right - left);
  rect.setAttribute("height", bottom - top);
}

function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// --- start

find("#done").addEventListener("click", done);
find("#skip").addEventListener("click", skip);
find("#undo").addEventListener("click", undo);
find("#add").addEventListener("click", addInTheMiddle);
find("#remove").addEventListener("click", removeSelected);

const copy = find("#copy");
copy.hidden = !navigator.clipboard; // on plain http to another machine
copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(find("#command").textContent);
  announce(words.copied);
});

new ResizeObserver(fit).observe(stage);
window.visualViewport?.addEventListener("resize", draw);
work(advance);
