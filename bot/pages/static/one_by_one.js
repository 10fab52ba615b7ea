// One picture after the other, and a decision on each. Nobody waits for the network: the next
// pictures are there before it is their turn. What is decided is the page's business.

import { announce, ask, data, find, NOT_NOW, pause } from "./common.js";

const AHEAD = 6; // pictures to have at hand
const notice = find("#notice");
const view = find("#view");

/**
 * Shows what a page has to decide on: items with an `id`, and `spoiler` if they are to be covered.
 *
 * @param path where the picture of an item is.
 * @param more asks for items that follow, and is asked again if it throws "not now"; it is told
 *   which ids are new. An empty array: there are none.
 * @param low how few may be left when more are asked for.
 * @param changed is called when anything is to be shown differently.
 * @param takeBack is called with a step {item, ...} that was undone.
 */
export function oneByOne({ path, more, low = 0, changed, takeBack }) {
  let queue = []; // the one to look at first
  let shown = null; // the one that is seen, or null while it is on its way
  let steps = []; // what can be undone, the last one last: {item, ...}, and `skipped` if it was
  let asking = false;
  let ended = false;
  const ahead = new Map(); // pictures at hand or on their way, by id

  // --- pictures

  async function load(item) {
    const response = await ask(path(item));
    const url = URL.createObjectURL(await response.blob());
    const image = Object.assign(new Image(), { src: url, alt: data.words.picture });
    await image.decode().finally(() => URL.revokeObjectURL(url));
    return image;
  }

  /** The picture, which may be at hand. What failed is asked for again the next time. */
  function fetched(item) {
    if (!ahead.has(item.id)) {
      const loading = load(item);
      ahead.set(item.id, loading);
      loading.catch(() => ahead.delete(item.id));
    }
    return ahead.get(item.id);
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
      view.dataset.id = item.id;
      cover(item.spoiler);
      showState();
      fetchAhead();
      if (queue.length <= low && !ended) refill();
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

  /** Asks for what follows; shows it, or that it is nothing, to whoever waits for it. */
  async function refill() {
    if (asking) return;
    asking = true;
    const refused = await asked();
    asking = false;
    if (refused) notice.textContent = refused.message;
    else if (queue.length === 0) showFinished();
    else if (shown === null) await show();
    else fetchAhead();
  }

  /** Asks as often as it takes; why not, if the server won't say. */
  async function asked() {
    for (;;) {
      const known = new Set([...queue, ...steps.map(({ item }) => item)].map(({ id }) => id));
      try {
        const found = await more((id) => !known.has(id));
        ended = found.length === 0;
        queue.push(...found);
        return null;
      } catch (error) {
        if (!NOT_NOW.has(error.status)) return error;
        notice.textContent = error.message;
        await pause(2);
      }
    }
  }

  // --- what a visitor decides

  const isCovered = () => view.classList.contains("covered");

  function cover(covered) {
    view.classList.toggle("covered", covered);
    find("#uncover").hidden = !covered;
  }

  /** Done with the one that is seen. */
  function leave(step) {
    steps.push({ ...step, item: shown });
    queue.shift();
    show();
    announce(find("#progress").textContent);
  }

  function skip() {
    if (shown) leave({ skipped: true });
  }

  function undo() {
    if (steps.length === 0 || (asking && queue.length === 0)) return;
    const step = steps.pop();
    if (!step.skipped) takeBack(step);
    queue.unshift(step.item);
    show();
  }

  /** What was skipped comes again. */
  function lookAgain() {
    forget((step) => step.skipped);
  }

  /** Forgets steps, and begins with what is left. */
  function forget(which) {
    steps = steps.filter((step) => !which(step));
    queue = [];
    return show();
  }

  function showState() {
    find("#work").hidden = queue.length === 0;
    find("#finished").hidden = true;
    view.ariaBusy = String(shown === null);
    find("#skip").disabled = shown === null;
    find("#undo").disabled = steps.length === 0;
    const skipped = steps.filter((step) => step.skipped).length;
    changed({ item: shown, usable: shown !== null && !isCovered(), queue, steps, skipped });
  }

  function showFinished() {
    showState();
    find("#finished").hidden = false;
    find("#finished-heading").focus();
    announce(data.words.finished);
  }

  // --- keys and buttons

  document.addEventListener("keydown", (event) => {
    if (!isShortcut(event)) return;
    const key = event.key.toLowerCase();
    if (key === "u" || key === "backspace") undo();
    else if (key === "s" || key === "arrowright") skip();
    else return;
    event.preventDefault();
  });
  find("#uncover").addEventListener("click", () => {
    cover(false);
    showState();
  });
  find("#undo").addEventListener("click", undo);
  find("#skip").addEventListener("click", skip);
  find("#again").addEventListener("click", lookAgain);
  show();

  return {
    /** Decides on the one that is seen, if it is seen. */
    decide(step) {
      if (!shown || isCovered()) return false;
      leave(step(shown));
      return true;
    },
    forget,
    redraw: showState,
  };
}

/** Whether a key is meant for the page: not for a field, not for the browser, not for a dialog. */
export function isShortcut({ ctrlKey, metaKey, altKey, repeat, isComposing, target }) {
  if (ctrlKey || metaKey || altKey || repeat || isComposing) return false;
  return !target.closest("input, select, textarea") && !find("dialog[open]");
}
