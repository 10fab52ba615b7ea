// The page /enhance: sends a picture, tells how far the work on it is, and shows what came of it.

import { announce, data, find } from "./common.js";

const { token, maxBytes, words } = data;
const form = find("#enhance");
const fields = find("fieldset", form);
const bar = find("progress", form);
let abort = null; // calls the work back

/** The values of a response, one a line, as they come. */
async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let begun = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const [...whole] = (begun + value).split("\n");
    begun = whole.pop();
    for (const line of whole) yield JSON.parse(line);
  }
}

/** What came of it. Throws an Error whose message is a sentence for the visitor. */
async function made({ picture, ...choice }) {
  const body = new FormData();
  body.append("picture", picture);
  const sent = { method: "POST", headers: { "X-Hantei-Token": token }, body, signal: abort.signal };
  const response = await fetch(`/enhance?${new URLSearchParams(choice)}`, sent);
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? words.failed);
  for await (const line of lines(response)) {
    if (line.error) throw new Error(line.error);
    if (line.words) return line;
    bar.value = line.done / line.steps;
  }
  throw new Error(words.failed);
}

function addressOf(file) {
  const bytes = Uint8Array.from(atob(file), (each) => each.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
}

function show({ words: told, beside, result }) {
  for (const element of [find("#beside"), find("#download")]) URL.revokeObjectURL(element.src ?? element.href);
  find("#better-words").textContent = told;
  find("#beside").src = addressOf(beside);
  find("#download").href = addressOf(result);
  find("#better").hidden = false;
  find("#better-words").focus();
  announce(told);
}

function setWorking(on) {
  fields.disabled = on;
  find("#working").hidden = !on;
  bar.removeAttribute("value");
}

async function enhance() {
  const wish = Object.fromEntries(new FormData(form));
  const notice = find("#notice");
  notice.textContent = wish.picture.size > maxBytes ? words.tooLarge : "";
  if (notice.textContent) return;
  abort = new AbortController();
  setWorking(true);
  find("#better").hidden = true;
  try {
    show(await made(wish));
  } catch (error) {
    if (!abort.signal.aborted) notice.textContent = error instanceof TypeError ? words.notSaved : error.message;
  }
  setWorking(false);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  enhance();
});
find("#cancel").addEventListener("click", () => abort.abort());
