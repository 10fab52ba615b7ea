// The page /teach/confirm: is this 〇〇? One key answers. Answers are sent in the background, and
// further questions are asked for long before the last one is answered.

import { call, data, find } from "./common.js";
import { nameField } from "./names.js";
import { isShortcut, oneByOne } from "./one_by_one.js";
import { send } from "./outbox.js";

const { words } = data;
const LOW = 16; // questions left when more are asked for
const other = find("#other");
const answers = [...document.querySelectorAll("[data-answer]")];
const KEYS = { y: "yes", enter: "yes", n: "no", o: "other", x: "not_a_face" };

let item = null; // the one that is asked about, or null while it is on its way
let cursor = "";

const viewer = oneByOne({
  path: ({ id }) => `/rate/${id}.jpg`,
  /** The next questions that are new; those of the beginning once the end was reached. */
  async more(isNew) {
    for (;;) {
      const page = await call(`/teach/confirm/waiting?cursor=${cursor}`);
      const found = page.questions.filter(({ id }) => isNew(id));
      cursor = page.cursor ?? "";
      if (found.length > 0 || !cursor) return found;
    }
  },
  low: LOW,
  changed: showState,
  takeBack: ({ item, vote }) => send(`/teach/confirm/${item.id}`, { ...vote, withdraw: true }),
});

const names = nameField(other, {
  head: () => item?.head,
  chosen: (name) => decide({ answer: "is", name }),
  left: closeOther,
});

function decide(said) {
  viewer.decide(({ id, head }) => {
    const vote = { ...said, head };
    send(`/teach/confirm/${id}`, vote);
    return { vote };
  });
}

function answer(kind) {
  if (kind === "other") openOther();
  else if (kind === "not_a_face") decide({ answer: "not_a_face" });
  else if (item?.name) decide({ answer: kind === "yes" ? "is" : "not", name: item.name });
}

function openOther() {
  if (!item) return;
  other.hidden = false;
  names.focus();
}

function closeOther() {
  names.clear();
  other.hidden = Boolean(item?.name);
  find("input", other).blur();
}

function showState(state) {
  const asked = state.item;
  if (asked !== item) {
    item = asked;
    if (item) showQuestion();
  }
  for (const button of answers) {
    const asksName = button.dataset.answer === "yes" || button.dataset.answer === "no";
    button.disabled = !state.usable || (asksName && !item?.name);
  }
  const answered = state.steps.length - state.skipped;
  find("#progress").textContent = words.progress.replace("{answered}", answered);
}

function showQuestion() {
  const asks = item.name ? words.isThis.replace("{name}", item.name) : words.who;
  find("#question").textContent = asks;
  find("#own").hidden = !item.own;
  find("#yes-no").hidden = !item.name;
  names.clear();
  names.hint(item.likely);
  other.hidden = Boolean(item.name);
  if (document.activeElement === find("input", other)) document.activeElement.blur();
}

document.addEventListener("keydown", (event) => {
  const kind = KEYS[event.key.toLowerCase()];
  if (!kind || !isShortcut(event)) return;
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return; // it is pressed
  answer(kind);
  event.preventDefault();
});
for (const button of answers) button.addEventListener("click", () => answer(button.dataset.answer));
