// A picture with boxes around its faces, to be drawn, dragged and resized with fingers, a mouse or
// keys. Boxes are in pixels of the picture, as is the drawing area (an SVG, whose view also takes
// in a margin for the corners to be taken hold of).

import { data, find } from "./common.js";

const { smallest, most, words } = data;
const stage = find("#stage");

/** CSS pixels: what a finger can hit, how much of it may cover a box, where a new box begins. */
const FINGER = 44;
const COVER = 16;
const MARGIN = 22;
const STILL = 6;

const CORNERS = ["left top", "right top", "left bottom", "right bottom"].map((each) => each.split(" "));

let picture = null; // {url, width, height}, or null while there is none to edit
let boxes = []; // {left, top, right, bottom} each, never changed in place
let selected = -1; // number of the box in hand
let gesture = null; // what a finger is doing: {pointer, from, before, reach(point), moved}
let locked = false;
let listeners = {};

/**
 * Tells of what a person does: `stepped({of, undo})` of each change and how to take it back,
 * `selected(i)` of the box in hand (-1: none), `complained(words)` of what could not be done.
 */
export function listen(given) {
  listeners = given;
}

/** Shows a picture with its boxes, {left, top, right, bottom} each, to be changed. */
export function open(shown, around) {
  picture = shown;
  boxes = around;
  const image = find("#picture");
  image.setAttribute("width", shown.width);
  image.setAttribute("height", shown.height);
  image.setAttribute("href", shown.url);
  select(-1);
  fit();
}

/** Lets nothing be changed until the next `open`. */
export function close() {
  drop();
  picture = null;
}

/** Lets nothing be changed for a while, or lets it again. */
export function lock(on) {
  drop();
  locked = on;
}

/** The boxes as they are. */
export function drawn() {
  return boxes;
}

// --- boxes

const isFree = () => picture !== null && gesture === null && !locked;

/** Changes the boxes. Steps of the same name, one after the other, are one to take back. */
function change(next, of) {
  const before = [boxes, selected];
  const undo = () => {
    [boxes, selected] = before;
    draw();
  };
  boxes = next;
  draw();
  listeners.stepped({ of, undo });
}

/** With one box more, if there may be one. */
function grown(before, box) {
  if (before.length < most) return [...before, box];
  listeners.complained(words.tooMany);
  return before;
}

export function addInTheMiddle() {
  if (!isFree()) return;
  const [x, y] = [picture.width / 2, picture.height / 2];
  const half = Math.max(smallest, Math.min(x, y) / 2) / 2;
  const next = grown(boxes, { left: x - half, top: y - half, right: x + half, bottom: y + half });
  if (next === boxes) return;
  change(next);
  select(next.length - 1);
}

export function removeSelected() {
  if (!isFree() || selected < 0) return;
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
  const { width, height } = picture;
  return {
    left: clamp(Math.min(...x), width),
    top: clamp(Math.min(...y), height),
    right: clamp(Math.max(...x), width),
    bottom: clamp(Math.max(...y), height),
  };
}

function moved({ left, top, right, bottom }, dx, dy) {
  const x = clamp(left + dx, picture.width - (right - left)) - left;
  const y = clamp(top + dy, picture.height - (bottom - top)) - top;
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

/** Moves the box in hand by a step to one side, or its lower right corner. */
export function nudge([dx, dy], resize) {
  if (!isFree() || selected < 0) return;
  const step = Math.max(1, 2 / scale());
  const box = boxes[selected];
  const next = resize
    ? between({ x: box.left, y: box.top }, { x: box.right + step * dx, y: box.bottom + step * dy })
    : moved(box, step * dx, step * dy);
  if (isLargeEnough(next)) change(replaced(selected, next), `nudge ${selected}`);
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
  if (!isFree() || event.button !== 0) return;
  event.preventDefault(); // of selecting text and moving the focus
  stage.setPointerCapture(event.pointerId);
  listeners.complained("");
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

/** Gives up what a finger has begun; if nothing, lets go of the box in hand. */
export function letGo() {
  if (gesture) drop();
  else select(-1);
}

function drop() {
  if (!gesture) return;
  [boxes, selected] = gesture.before;
  gesture = null;
  draw();
}

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
  if (!picture) return;
  const { width, height } = picture;
  const { clientWidth, clientHeight } = stage;
  if (clientWidth === 0) return; // not shown
  const fits = Math.min((clientWidth - 2 * MARGIN) / width, (clientHeight - 2 * MARGIN) / height);
  const margin = MARGIN / fits;
  const view = [-margin, -margin, width + 2 * margin, height + 2 * margin];
  stage.setAttribute("viewBox", view.join(" "));
  draw();
}

function draw() {
  stage.style.setProperty("--zoom", zoom());
  drawFaces();
  drawCorners();
  listeners.selected(selected);
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

new ResizeObserver(fit).observe(stage);
window.visualViewport?.addEventListener("resize", draw);
