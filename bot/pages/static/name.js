// The page /teach/name: faces that seem to be one person. Tap out who is somebody else, and name the
// rest.

import { announce, call, data, find, NOT_NOW, pause } from "./common.js";
import { nameField } from "./names.js";

const { words } = data;
const notice = find("#notice");
const grid = find("#grid");
const form = find("#name-form");
const same = find("#same"); // only moderators have it

let clusters = []; // {id, head, faces, seen, spoiler, likely}, the one to look at first
let busy = false;

const names = nameField(find(".names", form), {
  head: () => clusters[0]?.head,
  chosen: () => find("button", form).focus(),
});

async function refill() {
  for (;;) {
    try {
      clusters = (await call("/teach/name/waiting")).clusters;
      return draw();
    } catch (error) {
      notice.textContent = error.message;
      if (!NOT_NOW.has(error.status)) return;
      await pause(2);
    }
  }
}

function draw() {
  const [cluster, ...others] = clusters;
  find("#work").hidden = !cluster;
  find("#finished").hidden = Boolean(cluster);
  if (!cluster) {
    find("#finished-heading").focus();
    return;
  }
  find("#who").textContent = words.who.replace("{seen}", cluster.seen);
  find("#progress").textContent = words.left.replace("{left}", clusters.length);
  names.clear();
  names.hint(cluster.likely);
  find("#cover").hidden = !cluster.spoiler;
  grid.classList.toggle("covered", cluster.spoiler);
  grid.replaceChildren(...cluster.faces.map(faceButton));
  showState();
  if (same) {
    same.hidden = others.length === 0;
    find("div", same).replaceChildren(...others.map(otherButton));
  }
}

function faceButton(face, place) {
  const button = find("#face-template").content.cloneNode(true).firstElementChild;
  button.value = face;
  find("img", button).src = `/faces/${face}.jpg`;
  button.ariaLabel = words.face.replace("{number}", place + 1);
  button.addEventListener("click", () => {
    button.ariaPressed = String(button.ariaPressed !== "true");
    showState();
  });
  return button;
}

/** Another cluster, that may be the same person. */
function otherButton(other) {
  const button = find("#other-template").content.cloneNode(true).firstElementChild;
  button.ariaLabel = words.who.replace("{seen}", other.seen);
  button.append(
    ...other.faces.slice(0, 3).map((face) =>
      Object.assign(new Image(80, 80), { src: `/faces/${face}.jpg`, loading: "lazy", alt: "" }),
    ),
  );
  button.classList.toggle("covered", other.spoiler);
  button.addEventListener("click", () => decide("merge", { into: other.id }));
  return button;
}

function faces(out) {
  const buttons = [...grid.querySelectorAll(`button[aria-pressed="${out}"]`)];
  return buttons.map(({ value }) => Number(value));
}

function showState() {
  const out = faces(true).length;
  find("#out").textContent = out > 0 ? words.out.replace("{faces}", out) : "";
  for (const button of document.querySelectorAll("#work button")) {
    button.disabled = busy;
  }
  find("button", form).disabled = busy || faces(false).length === 0;
}

async function decide(deed, body = {}) {
  const [{ id }] = clusters;
  busy = true;
  notice.textContent = "";
  showState();
  try {
    await call(`/teach/name/${id}/${deed}`, { method: "POST", body });
    announce(words.done);
    clusters.shift();
  } catch (error) {
    notice.textContent = error.message;
    if (error.status !== 404) return; // it is still there
    clusters.shift();
  } finally {
    busy = false;
    showState();
  }
  // What is merged has other faces now, and after the last one there may be more.
  if (deed === "merge" || clusters.length === 0) await refill();
  else draw();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = find("input", form).value;
  decide("name", { name, faces: faces(false), others: faces(true) });
});
find("#skip").addEventListener("click", () => {
  clusters.push(clusters.shift());
  draw();
});
find("#ignore")?.addEventListener("click", () => decide("ignore"));
find("#cover").addEventListener("click", () => {
  grid.classList.remove("covered");
  find("#cover").hidden = true;
});
refill();
