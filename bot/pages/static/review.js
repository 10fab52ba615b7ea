// The page /teach/review: one tap decides. What is decided can be taken back on its card.

import { announce, call, data, find } from "./common.js";
import { nameField } from "./names.js";

const { words } = data;
const notice = find("#notice");

function made(template) {
  return find(template).content.cloneNode(true).firstElementChild;
}

function button(label, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "button" });
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
}

function picture({ verdict_id: id, spoiler }) {
  const image = Object.assign(new Image(320, 320), { src: `/faces/${id}.jpg`, loading: "lazy" });
  image.alt = words.picture;
  const frame = document.createElement("div");
  frame.className = "face";
  frame.append(image);
  if (spoiler) {
    frame.classList.add("covered");
    const uncover = button(words.uncover, () => {
      frame.classList.remove("covered");
      uncover.remove();
    });
    uncover.className = "uncover";
    frame.append(uncover);
  }
  return frame;
}

/** Sends what is decided, and shows it on the card with a way back. */
async function decide(card, path, body, told, back) {
  notice.textContent = "";
  const choices = find(".choices", card);
  choices.inert = true;
  try {
    await call(path, { method: "POST", body });
  } catch (error) {
    notice.textContent = error.message;
    choices.inert = false;
    return;
  }
  announce(told);
  choices.hidden = true;
  const decided = find(".decided", card);
  find("span", decided).textContent = told;
  decided.hidden = false;
  const undo = find("button", decided);
  undo.hidden = !back;
  undo.onclick = async () => {
    try {
      await call(path, { method: "POST", body: back });
      decided.hidden = true;
      choices.hidden = false;
      choices.inert = false;
    } catch (error) {
      notice.textContent = error.message;
    }
  };
}

/** A face with what can be said of it: that it is one of some people, or not one of others. */
function faceCard(face, explained, people, rejected) {
  const card = made("#card-template");
  card.prepend(picture(face));
  find(".told", card).replaceChildren(...explained.map(paragraph));
  const vote = (said, told) => {
    const body = { ...said, head: face.head };
    decide(card, `/teach/review/${face.verdict_id}`, body, told, { ...body, withdraw: true });
  };
  const is = (name) => vote({ answer: "is", name }, words.is.replace("{name}", name));
  const choices = [
    ...people.map((name) => button(words.is.replace("{name}", name), () => is(name))),
    ...rejected.map((name) => {
      const told = words.isNot.replace("{name}", name);
      return button(told, () => vote({ answer: "not", name }, told));
    }),
    button(words.noFace, () => vote({ answer: "not_a_face" }, words.noFace)),
  ];
  find(".buttons", card).replaceChildren(...choices);
  const field = find(".names", card);
  const list = find("ul", field);
  list.id = `names-${face.verdict_id}`;
  find("input", field).setAttribute("aria-controls", list.id);
  nameField(field, { head: () => face.head, chosen: is });
  return card;
}

function paragraph(text) {
  return Object.assign(document.createElement("p"), { textContent: text });
}

const SIDES = { is: words.sayIs, is_not: words.sayIsNot, not_a_face: words.sayNoFace };

function disputeCard(dispute) {
  const told = dispute.sides.map(({ answer, name, voters }) =>
    SIDES[answer].replace("{name}", name).replace("{voters}", voters),
  );
  const names = (wanted) =>
    dispute.sides.filter(({ answer }) => wanted.has(answer)).map(({ name }) => name);
  const people = [...new Set(names(new Set(["is", "is_not"])))];
  return faceCard(dispute, told, people, names(new Set(["is_not"])));
}

function doubtCard(doubt) {
  const told = words.doubted.replace("{name}", doubt.name).replace("{likely}", doubt.likely);
  return faceCard(doubt, [told], [doubt.name, doubt.likely], [doubt.name]);
}

function holdCard(hold) {
  const card = made("#card-template");
  const faces = document.createElement("div");
  faces.className = "faces";
  faces.append(...hold.faces.map(({ id, spoiler }) => picture({ verdict_id: id, spoiler })));
  card.prepend(faces);
  const said = hold.against ? words.heldNot : words.held;
  find(".told", card).append(
    paragraph(said.replace("{name}", hold.name).replace("{voters}", hold.voters)),
  );
  const path = `/teach/review/holds/${hold.id}`;
  find(".names", card).remove();
  find(".buttons", card).append(
    button(words.release, () => decide(card, path, { release: true }, words.released)),
    button(words.reject, () => decide(card, path, { release: false }, words.rejected)),
  );
  return card;
}

function fill(list, cards) {
  find(`#${list}`).replaceChildren(...cards);
  find(`#${list}-section`).hidden = cards.length === 0;
}

async function show() {
  try {
    const { holds, disputes } = await call("/teach/review/waiting");
    fill("holds", holds.map(holdCard));
    fill("disputes", disputes.map(disputeCard));
    const { doubts } = await call("/teach/review/doubts");
    fill("doubts", doubts.map(doubtCard));
    find("#nothing").hidden = holds.length + disputes.length + doubts.length > 0;
  } catch (error) {
    notice.textContent = error.message;
  }
  find("#loading").hidden = true;
}

show();
