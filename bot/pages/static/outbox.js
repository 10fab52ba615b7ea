// Votes on their way to the server, in order. The browser keeps them until the server has them, so
// that nothing is lost when the page is loaded anew or the network is gone.

import { call, data, find, NOT_NOW, pause } from "./common.js";

const KEPT = "hantei-votes";
const LONGEST_PAUSE = 30;
const GONE = new Set([400, 404]);

const unsent = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
let sending = null;

/** Posts a vote to a path, after those that are on their way. */
export function send(path, body) {
  unsent.push({ path, body });
  keep();
  delivered();
}

/** Resolves when the server has everything, or refuses to take it from this page. */
export function delivered() {
  sending ??= deliver().finally(() => (sending = null));
  return sending;
}

function keep() {
  localStorage.setItem(KEPT, JSON.stringify(unsent));
}

async function deliver() {
  for (let seconds = 1; unsent.length > 0; ) {
    const { path, body } = unsent[0];
    try {
      await call(path, { method: "POST", body, keepalive: true });
      find("#notice").textContent = "";
    } catch (error) {
      const later = NOT_NOW.has(error.status);
      find("#notice").textContent = later ? data.words.unsent : error.message;
      if (later) {
        await pause(seconds);
        seconds = Math.min(2 * seconds, LONGEST_PAUSE);
        continue;
      }
      if (!GONE.has(error.status)) return; // a page that is loaded anew may be allowed to
    }
    unsent.shift();
    keep();
    seconds = 1;
  }
}
