// The page: posts pictures, shows answers, sends votes. It talks JSON to bot/platforms/web.py and
// puts every word that comes from there into the page as text, never as markup.

import { announce, call, data, find, NOT_NOW, pause } from "./common.js";

const { token, mostPictures, maxBytes, words } = data;
const list = find("#list");

const LONGEST_PAUSE = 30;

function clone(template) {
  return document.importNode(find(`#${template}-template`).content.firstElementChild, true);
}

/** Shows words: the first line as the heading, numbers together with their units. */
function setWords(element, text) {
  const [first, ...rest] = text.replace(/(\d) (?=[%人])/g, "$1\u00a0").split("\n");
  const heading = document.createElement("strong");
  heading.textContent = first;
  element.replaceChildren(heading, ...rest.map((line) => `\n${line}`));
}

// --- talking to the server

/**
 * Sends pictures once. Resolves to {status, told, retryAfter}; status 0 is "unreachable".
 * XMLHttpRequest, because fetch does not tell how far an upload has come.
 */
function upload({ form, key, spoiler, signal, onProgress }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", spoiler ? "/answers?spoiler=1" : "/answers");
    request.setRequestHeader("X-Hantei-Token", token);
    request.setRequestHeader("Idempotency-Key", key);
    request.responseType = "json";
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.upload.onload = () => onProgress(1);
    request.onloadend = () =>
      resolve({
        status: request.status,
        told: request.response ?? {},
        retryAfter: Number(request.getResponseHeader("Retry-After")),
      });
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

// --- posting

/** Names one upload for ever. (crypto.randomUUID is missing on plain http.) */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function choose(files) {
  const pictures = [...files];
  if (pictures.length === 0) return;
  const tooLarge = pictures.find((file) => file.size > maxBytes);
  const complaint =
    (pictures.length > mostPictures && words.tooMany) ||
    (tooLarge && `${tooLarge.name}: ${words.tooLarge}`) ||
    "";
  find("#notice").textContent = complaint;
  if (!complaint) post(pictures);
}

/** Sends pictures until they are answered, refused or called back by the visitor. */
async function post(pictures) {
  const card = clone("pending");
  const previews = pictures.map(preview);
  find(".previews", card).append(...previews);
  list.prepend(card);
  find("#empty").hidden = true;
  card.scrollIntoView();

  const abort = new AbortController();
  find(".cancel", card).addEventListener("click", () => abort.abort());
  const form = new FormData();
  for (const picture of pictures) form.append("picture", picture);
  const sent = {
    form,
    key: newKey(),
    spoiler: find("#spoiler").checked,
    signal: abort.signal,
    onProgress: (share) => showProgress(card, share),
  };
  const answer = await answerTo(sent, card);
  if (answer) {
    showAnswer(answer, card, sent.spoiler ? [] : previews);
  } else {
    card.remove();
    showEmptiness();
  }
}

/** Puts an answer in the place of its card, with previews where a face alone does not tell all. */
function showAnswer(answer, card, previews) {
  const shown = answerCard(answer, { fresh: true });
  if (previews.length > 1 || answer.parts.length === 0) {
    find(".previews", shown).append(...previews);
  }
  const focused = card.contains(document.activeElement);
  card.replaceWith(shown);
  if (focused) find(".summary", shown).focus();
  announce([answer.words, ...answer.parts.map((part) => part.words)].join(" "));
}

/** The answer, or null if the visitor called the upload back. */
async function answerTo(sent, card) {
  for (let seconds = 2; ; seconds = Math.min(2 * seconds, LONGEST_PAUSE)) {
    showProgress(card, 0);
    const { status, told, retryAfter } = await upload(sent);
    if (sent.signal.aborted) return null;
    if (status === 200) return told;
    if (NOT_NOW.has(status)) {
      showWaiting(card, told.error ?? words.unreachable);
      await pause(retryAfter || seconds, sent.signal);
    } else {
      showFailure(card, told.error ?? words.failed);
      await tryAgain(card, sent.signal);
    }
    if (sent.signal.aborted) return null;
  }
}

/** Resolves when the visitor wants to try again or calls the upload back. */
function tryAgain(card, signal) {
  const retry = find(".retry", card);
  retry.hidden = false;
  return new Promise((resolve) => {
    retry.addEventListener("click", resolve, { once: true });
    signal.addEventListener("abort", resolve, { once: true });
  }).finally(() => {
    retry.hidden = true;
  });
}

function preview(picture) {
  const image = clone("preview");
  const url = URL.createObjectURL(picture);
  image.src = url;
  image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
  image.addEventListener("error", () => (image.src = "/static/picture.svg"), { once: true }); // HEIC, say
  return image;
}

function showProgress(card, share) {
  const bar = find("progress", card);
  card.dataset.state = "sending";
  bar.hidden = false;
  if (share < 1) bar.value = share;
  else bar.removeAttribute("value");
  setState(card, share < 1 ? words.sending : words.judging);
}

function showWaiting(card, sentence) {
  card.dataset.state = "waiting";
  find("progress", card).removeAttribute("value");
  setState(card, sentence);
}

function showFailure(card, sentence) {
  card.dataset.state = "failed";
  find("progress", card).hidden = true;
  setState(card, sentence);
}

function setState(card, sentence) {
  const state = find(".state", card);
  if (state.textContent === sentence) return;
  state.textContent = sentence;
  announce(sentence);
}

// --- answers

function answerCard(answer, { fresh }) {
  const card = clone("answer");
  const summary = find(".summary", card);
  const [first] = answer.parts;
  card.classList.toggle("fresh", fresh);
  setWords(summary, answer.words);
  if (first) {
    card.dataset.id = first.id;
    summary.lang = first.language;
    showTime(find("time", card), first.created);
  }
  find(".parts", card).append(...answer.parts.map((told) => partSection(told, { fresh })));
  const remove = find(".delete", card);
  remove.hidden = !first?.marks.some(({ mark }) => mark === "delete");
  remove.addEventListener("click", () => deleteAnswer(card, first.id));
  return card;
}

function showTime(time, created) {
  const format = { dateStyle: "medium", timeStyle: "short" };
  time.dateTime = created;
  time.textContent = new Date(created).toLocaleString(document.documentElement.lang, format);
}

async function deleteAnswer(card, partId) {
  if (!(await confirmed(find("#delete-dialog")))) return;
  try {
    await call(`/parts/${partId}`, { method: "DELETE" });
  } catch (error) {
    find(".part .error", card).textContent = error.message;
    return;
  }
  card.remove();
  showEmptiness();
  find("#answers-heading").focus();
  announce(words.deleted);
  loadPeople();
}

function confirmed(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const decide = () => resolve(dialog.returnValue === "delete");
    dialog.addEventListener("close", decide, { once: true });
  });
}

function showEmptiness() {
  find("#empty").hidden = list.childElementCount > 0;
}

// --- one face

function partSection(told, { fresh }) {
  const part = clone("part");
  part.dataset.id = told.id;
  find(".correct", part).open = fresh;
  fillPart(part, told);
  coverSpoiler(part, told.spoiler);
  for (const marks of [find(".marks", part), find(".rating", part)]) {
    marks.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) pressMark(part, told.id, button);
    });
  }
  find(".mine", part).addEventListener("click", async () => {
    if (await vote(part, told.id, { mark: "mine" })) refreshOthers(part);
  });
  find(".undo", part).addEventListener("click", () => {
    vote(part, told.id, { ...standingVote(part), withdraw: true });
  });
  const why = find(".why", part);
  why.href = `/parts/${told.id}/why`;
  why.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a page of its own, then
    event.preventDefault();
    toggleReasons(part);
  });
  const form = find("form.name", part);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = form.elements.name.value;
    if (await vote(part, told.id, { mark: "name", name })) form.reset();
  });
  return part;
}

/** Shows a face's present answer, in place. */
function fillPart(part, told) {
  hideReasons(part); // they explain an earlier answer
  part.dataset.state = told.state;
  part.dataset.typed = told.typed ?? "";
  part.dataset.typedHead = told.typed_head ?? "";
  const image = find("img", part);
  const line = find(".words", part);
  const status = find(".status", part);
  if (told.image && image.getAttribute("src") !== told.image) image.src = told.image;
  image.hidden = !told.image;
  image.alt = told.description;
  find(".expired", part).hidden = Boolean(told.image);
  setWords(line, told.words);
  status.textContent = told.status;
  for (const element of [image, line, status]) element.lang = told.language;
  showMarks(find(".marks", part), told.marks);
  find(".mine", part).hidden = !told.marks.some(({ mark }) => mark === "mine");
  find(".why", part).hidden = !told.naming;
  find(".correct", part).hidden = !(told.naming && told.teaches);
  showRating(find(".rate", part), told);
  find(".undo", part).hidden = standingVote(part) === null;
}

/** Five buttons of which one is pressed: open where a taste was asked for, else to be opened. */
function showRating(rate, { image, rating, teaches }) {
  rate.hidden = !(image && teaches);
  rate.classList.toggle("asked", rating.asked);
  rate.open ||= rating.asked || rating.score !== null;
  for (const button of rate.querySelectorAll("button")) {
    button.ariaPressed = String(button.dataset.mark === `rate_${rating.score}`);
  }
}

/** Shows what else the poster's word has changed: it holds for all faces of a post. */
function refreshOthers(part) {
  for (const other of part.parentElement.children) {
    if (other !== part) act(other, () => call(`/parts/${other.dataset.id}`));
  }
}

/** The marks that correct an answer. The others have their own places. */
function showMarks(marks, told) {
  const focused = marks.contains(document.activeElement) && document.activeElement.dataset.mark;
  const corrections = told.filter(({ mark }) => mark !== "delete" && mark !== "mine");
  marks.replaceChildren(...corrections.map(markButton));
  if (focused) (find(`[data-mark="${focused}"]`, marks) ?? find("button", marks)).focus();
}

function markButton({ mark, label, pressed }) {
  const button = clone("mark");
  button.dataset.mark = mark;
  find("span", button).textContent = label;
  if ("abc".includes(mark)) find("svg", button).replaceWith(letter(mark));
  else find("use", button).setAttribute("href", `#icon-${mark}`);
  if (mark !== "who") button.ariaPressed = String(pressed);
  return button;
}

function letter(mark) {
  const shown = document.createElement("b");
  shown.className = "letter";
  shown.textContent = mark.toUpperCase();
  return shown;
}

function pressMark(part, id, button) {
  const { mark } = button.dataset;
  if (mark === "who") act(part, () => call(`/parts/${id}/reveal`, { method: "POST" }));
  else vote(part, id, { mark, withdraw: button.ariaPressed === "true" });
}

/** What the visitor says of this face at present, as `vote` takes it; null if nothing. */
function standingVote(part) {
  const { typed, typedHead } = part.dataset;
  if (typed) return { mark: "name", name: typed, head: typedHead };
  const pressed = find('.marks [aria-pressed="true"]', part);
  return pressed && { mark: pressed.dataset.mark };
}

async function vote(part, id, body) {
  const send = (said) => call(`/parts/${id}/vote`, { method: "POST", body: said });
  const counted = await act(part, async () => {
    const told = await send(body);
    return told.which ? send({ ...body, head: await which(body.name, told.which) }) : told;
  });
  if (counted) loadPeople();
  return counted;
}

/** Asks whether a name is a person's or a character's. Throws if the visitor closes the question. */
function which(name, heads) {
  const dialog = find("#which-dialog");
  find("h2", dialog).textContent = words.which.replace("{name}", name);
  const buttons = heads.map(({ head, label }) => {
    const button = clone("which");
    button.value = head;
    button.textContent = label;
    return button;
  });
  find(".buttons", dialog).replaceChildren(...buttons);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve, reject) => {
    const decide = () => (dialog.returnValue ? resolve(dialog.returnValue) : reject(new Error("")));
    dialog.addEventListener("close", decide, { once: true });
  });
}

/** Lets one request at a time change a face; shows what comes back, or why nothing does. */
async function act(part, request) {
  if (part.ariaBusy === "true") return false;
  const complaint = find(".error", part);
  const hadFocus = document.activeElement;
  part.ariaBusy = "true";
  complaint.textContent = "";
  try {
    const told = await request();
    fillPart(part, told);
    if (hadFocus.hidden) find(".words", part).focus();
    announce(told.status || told.words);
    return true;
  } catch (error) {
    complaint.textContent = error.message;
    return false;
  } finally {
    part.ariaBusy = "false";
  }
}

function hideReasons(part) {
  find(".reasons", part).hidden = true;
  find(".why", part).ariaExpanded = "false";
}

/** Opens why the answer is as it is, below it, or closes it. */
async function toggleReasons(part) {
  const why = find(".why", part);
  const reasons = find(".reasons", part);
  const complaint = find(".error", part);
  if (!reasons.hidden) return hideReasons(part);
  if (why.ariaBusy === "true") return;
  why.ariaBusy = "true";
  complaint.textContent = "";
  try {
    const told = await call(why.getAttribute("href"));
    fillReasons(reasons, told);
    why.ariaExpanded = "true";
    announce(told.lines.join(" "));
  } catch (error) {
    complaint.textContent = error.message;
  } finally {
    why.ariaBusy = "false";
  }
}

function fillReasons(reasons, told) {
  const lines = told.lines.map((line) => Object.assign(document.createElement("p"), { textContent: line }));
  const neighbours = document.createElement("ol");
  neighbours.className = "neighbours faces";
  neighbours.append(...told.neighbours.map(neighbourItem));
  const cover = told.spoiler && told.neighbours.length > 0 ? [clone("covered")] : [];
  reasons.classList.toggle("covered", told.spoiler);
  reasons.lang = told.language;
  reasons.replaceChildren(...lines, ...cover, neighbours);
  reasons.hidden = false;
}

function neighbourItem({ name, alike, percent, image }) {
  const item = clone("neighbour");
  find("img", item).src = image;
  find("strong", item).textContent = name;
  find(".small", item).textContent = alike;
  find("progress", item).value = percent;
  return item;
}

function coverSpoiler(part, spoiler) {
  const face = find(".face", part);
  const uncover = find(".uncover", part);
  face.classList.toggle("covered", spoiler);
  uncover.hidden = !spoiler;
  uncover.addEventListener("click", () => {
    face.classList.remove("covered");
    uncover.hidden = true;
  });
}

// --- what the page starts with

async function loadAnswers() {
  const loading = find("#loading");
  try {
    const { answers } = await call("/answers");
    // One that was posted meanwhile is on the page already.
    const unseen = answers.filter(({ parts }) => !find(`[data-id="${parts[0].id}"]`, list));
    list.append(...unseen.map((answer) => answerCard(answer, { fresh: false })));
    loading.remove();
    showEmptiness();
  } catch (error) {
    loading.textContent = error.message;
    loading.className = "error";
  }
}

/** The names to offer while one is typed. Without them, the field works just as well. */
async function loadPeople() {
  const { people } = await call("/people").catch(() => ({ people: [] }));
  const options = people.map((name) => Object.assign(document.createElement("option"), { value: name }));
  find("#people").replaceChildren(...options);
}

/** The visitor agrees, or no longer agrees, that what they post may be learned. */
async function sendConsent(box) {
  box.disabled = true;
  find("#notice").textContent = "";
  try {
    await call("/consent", { method: "POST", body: { allowed: box.checked } });
  } catch (error) {
    box.checked = !box.checked;
    find("#notice").textContent = error.message;
  }
  box.disabled = false;
}

function takeFiles(input) {
  input.addEventListener("change", () => {
    choose(input.files);
    input.value = ""; // so that the same file can be chosen again
  });
}

async function pasteFromClipboard() {
  const files = [];
  try {
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((each) => each.startsWith("image/"));
      if (type) files.push(new File([await item.getType(type)], type.replace("/", ".")));
    }
  } catch {
    // Not allowed: the sentence below says so.
  }
  if (files.length === 0) find("#notice").textContent = words.nothingToPaste;
  choose(files);
}

function bringsFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

function dragging(event, isOver) {
  if (!bringsFiles(event)) return;
  event.preventDefault();
  document.body.classList.toggle("dragging", isOver);
}

function offerPosting() {
  find("#consent").addEventListener("change", (event) => sendConsent(event.target));
  takeFiles(find("#choose"));
  takeFiles(find("#photograph"));
  addEventListener("paste", (event) => choose(event.clipboardData?.files ?? []));
  addEventListener("dragover", (event) => dragging(event, true));
  addEventListener("dragleave", (event) => dragging(event, event.relatedTarget !== null));
  addEventListener("drop", (event) => {
    dragging(event, false);
    if (bringsFiles(event)) choose(event.dataTransfer.files);
  });
  addEventListener("beforeunload", (event) => {
    if (find(".pending")) event.preventDefault(); // a picture is still on its way
  });
  if (navigator.clipboard?.read) {
    find("#paste").hidden = false;
    find("#paste").addEventListener("click", pasteFromClipboard);
  }
}

if (find("#drop")) offerPosting();
loadAnswers();
loadPeople();
