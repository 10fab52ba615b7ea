// What is judged on the page, and what is a like: sent as soon as it is chosen.

import { announce, call, data, find } from "./common.js";

const form = find("#judged");
const fields = find("fieldset", form);
const heads = [...form.querySelectorAll('[name="head"]')];
const likeFrom = form.elements.like_from;
const complaint = find(".error", form);
let stands = chosen();

function chosen() {
  const ticked = heads.filter(({ checked }) => checked).map(({ value }) => value);
  return { heads: ticked, like_from: likeFrom.value === "" ? null : likeFrom.valueAsNumber };
}

function show(choice) {
  for (const each of heads) each.checked = choice.heads.includes(each.value);
  likeFrom.value = choice.like_from;
}

async function save() {
  if (!form.reportValidity()) return;
  const body = chosen();
  const focused = document.activeElement;
  fields.disabled = true;
  complaint.textContent = "";
  try {
    stands = await call("/judged", { method: "PUT", body });
    announce(data.words.saved);
  } catch (error) {
    complaint.textContent = error.message;
  }
  show(stands);
  fields.disabled = false;
  focused.focus();
}

form.addEventListener("change", save);
form.addEventListener("submit", (event) => event.preventDefault());
