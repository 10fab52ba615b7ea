// What the scripts of all pages share: the values that came with the page, and talking JSON to the
// server that sent it.

export function find(selector, inside = document) {
  return inside.querySelector(selector);
}

export const data = JSON.parse(find("#data").textContent);

/** Statuses that mean "not now": unreachable, a proxy without us behind it, or busy. */
export const NOT_NOW = new Set([0, 502, 503, 504]);

/** Waits, but no longer than until the browser is online again, or a signal says so. */
export function pause(seconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, 1000 * seconds);
    addEventListener("online", resolve, { once: true });
    signal?.addEventListener("abort", resolve, { once: true });
  });
}

/** Tells screen readers. */
export function announce(text) {
  find("#announcer").textContent = text;
}

/**
 * A good response of the server. Throws an Error whose message is a sentence for the visitor, with
 * the status; 0 is "unreachable". With `keepalive` it is sent even if the page is left.
 */
export async function ask(path, { method = "GET", body, keepalive } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "X-Hantei-Token": data.token, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
      keepalive,
    });
  } catch {
    throw Object.assign(new Error(data.words.notSaved), { status: 0 });
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  throw Object.assign(new Error(told.error ?? data.words.failed), { status: response.status });
}

/** JSON from the server; throws as `ask` does. */
export async function call(path, request) {
  const response = await ask(path, request);
  return response.status === 204 ? {} : response.json();
}
