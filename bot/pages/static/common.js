// What the scripts of all pages share: the values that came with the page, and talking JSON to the
// server that sent it.

export function find(selector, inside = document) {
  return inside.querySelector(selector);
}

export const data = JSON.parse(find("#data").textContent);

/** Tells screen readers. */
export function announce(text) {
  find("#announcer").textContent = text;
}

/** A good response of the server. Throws an Error whose message is a sentence for the visitor. */
export async function ask(path, { method = "GET", body } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "X-Hantei-Token": data.token, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Error(data.words.notSaved);
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  throw new Error(told.error ?? data.words.failed);
}

/** JSON from the server; throws as `ask` does. */
export async function call(path, request) {
  const response = await ask(path, request);
  return response.status === 204 ? {} : response.json();
}
