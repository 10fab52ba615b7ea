// The page /rate: one picture after the other, and five keys.

import { announce, call, data, find } from "./common.js";
import { isShortcut, oneByOne } from "./one_by_one.js";
import { delivered, send } from "./outbox.js";

const { least, words } = data;
const rates = [...document.querySelectorAll("[data-score]")];

let counts = { counted: 0, unagreed: 0, expired: 0 };

function vote(item, score, withdraw = false) {
  send(`/parts/${item.id}/vote`, { mark: `rate_${score}`, withdraw });
  counts[item.agreed ? "counted" : "unagreed"] += withdraw ? -1 : 1;
}

const viewer = oneByOne({
  path: ({ id }) => `/rate/${id}.jpg`,
  /** Asks what is left once the server knows all that was rated. */
  async more(isNew) {
    await delivered();
    const { waiting, ...told } = await call("/rate/waiting");
    counts = told;
    return waiting.filter(({ id }) => isNew(id));
  },
  changed: showState,
  takeBack: ({ item, score }) => vote(item, score, true),
});

function rate(score) {
  viewer.decide((item) => {
    vote(item, score);
    return { score };
  });
}

async function reset() {
  const dialog = find("#reset-dialog");
  const notice = find("#notice");
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue !== "reset") return;
  notice.textContent = "";
  try {
    await delivered();
    await call("/rate/ratings", { method: "DELETE" });
    await viewer.forget(() => true);
    announce(words.forgotten);
  } catch (error) {
    notice.textContent = error.message;
  }
}

function showState({ usable, queue, steps, skipped }) {
  const rated = counts.counted + counts.unagreed + counts.expired;
  const all = rated + queue.length + skipped;
  find("#progress").textContent = words.progress.replace("{rated}", rated).replace("{all}", all);
  find("#known").textContent = counts.counted < least ? words.knownFrom : words.known;
  for (const sort of Object.keys(counts)) find(`#${sort}`).textContent = counts[sort];
  for (const button of rates) button.disabled = !usable;
  const last = steps.at(-1)?.score;
  find("#last").hidden = !last;
  find("#last").textContent = last ?? "";
}

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event) || !/^[1-5]$/.test(event.key)) return;
  rate(Number(event.key));
  event.preventDefault();
});
for (const button of rates) button.addEventListener("click", () => rate(Number(button.dataset.score)));
find("#reset").addEventListener("click", reset);
