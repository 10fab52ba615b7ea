// A field for a name that finds people as one types: as they are written, by their reading in kana,
// in Latin letters, by names they had. It follows the combobox pattern of the ARIA practices.

import { call, data } from "./common.js";

const MOST = 8;
const { words } = data;
let known = null;

/** Everybody with a name, asked for once; nobody while the server can't be reached. */
function everybody() {
  known ??= call("/teach/names").then(
    ({ people }) => people,
    () => {
      known = null;
      return [];
    },
  );
  return known;
}

/** Letters as the server writes keys: small, of ordinary width, hiragana, words apart. */
function folded(text) {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[ァ-ヶ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))
    .replace(/(?<=[ぁ-ゖー])[a-z]+$/, "") // a syllable that is still being typed
    .trim()
    .replace(/\s+/g, " ");
}

/** How well a key fits: 0 begins so, 1 its words begin so, 2 it has it in it; or not at all. */
function rank(key, query) {
  if (key.startsWith(query)) return 0;
  const parts = key.split(" ");
  if (query.split(" ").every((word) => parts.some((part) => part.startsWith(word)))) return 1;
  return key.replaceAll(" ", "").includes(query.replaceAll(" ", "")) ? 2 : Infinity;
}

/** The people a query may mean, best first. */
export function matching(people, text, head) {
  const query = folded(text);
  if (!query) return [];
  return people
    .filter((person) => !head || person.head === head)
    .map((person) => ({ ...person, rank: Math.min(...person.keys.map((key) => rank(key, query))) }))
    .filter((person) => person.rank < Infinity)
    .sort((one, other) => one.rank - other.rank || one.name.localeCompare(other.name, "ja"))
    .slice(0, MOST);
}

/**
 * Makes a field (`.names`, with an input and an empty list) find people.
 *
 * @param head under whose names to look; may change from one question to the next.
 * @param chosen is told the name that was picked, or made new.
 * @param left is called when Escape is pressed and no list is open.
 *
 * What it returns can also `hint` at a name, by a button that picks it; at none with null.
 */
export function nameField(field, { head = () => "", chosen, left = () => {} }) {
  const input = field.querySelector("input");
  const list = field.querySelector("ul");
  const likely = field.querySelector(".likely");
  let options = [];
  let active = -1;

  function close() {
    options = [];
    draw();
  }

  async function suggest() {
    const people = await everybody();
    const text = input.value.trim();
    const found = matching(people, text, head());
    const isThere = found.some(({ name }) => folded(name) === folded(text));
    options = found.map(({ name, reading }) => ({ name, told: name, reading }));
    if (text && !isThere) {
      options.push({ name: text, told: words.newName.replace("{name}", text) });
    }
    active = 0;
    draw();
  }

  function draw() {
    list.hidden = options.length === 0;
    input.ariaExpanded = String(options.length > 0);
    list.replaceChildren(...options.map(drawn));
    const id = options.length > 0 ? `${list.id}-${active}` : "";
    input.setAttribute("aria-activedescendant", id);
    list.children[active]?.scrollIntoView?.({ block: "nearest" });
  }

  function drawn({ name, told, reading }, place) {
    const option = document.createElement("li");
    option.id = `${list.id}-${place}`;
    option.role = "option";
    option.ariaSelected = String(place === active);
    option.append(told);
    if (reading) {
      option.append(Object.assign(document.createElement("span"), { textContent: reading }));
    }
    option.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the focus
    option.addEventListener("click", () => pick(name));
    return option;
  }

  function pick(name) {
    input.value = name;
    close();
    chosen(name);
  }

  input.addEventListener("input", suggest);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = options.length > 0;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!open) suggest();
      else {
        active = (active + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length;
        draw();
      }
    } else if (event.key === "Enter" && open) pick(options[active].name);
    else if (event.key === "Escape") {
      if (open) close();
      else left();
    } else return;
    event.preventDefault();
  });
  likely.addEventListener("click", () => pick(likely.value));
  everybody(); // they are there when the first letter is typed

  return {
    clear() {
      input.value = "";
      close();
    },
    focus: () => input.focus(),
    hint(name) {
      likely.hidden = !name;
      likely.value = name ?? "";
      likely.textContent = name ? words.likely.replace("{name}", name) : "";
    },
  };
}
