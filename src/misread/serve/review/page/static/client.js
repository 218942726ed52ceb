// Talks to the server this page came from.

export class Refusal extends Error {}

const GONE = "The server does not answer. Start the same command again and open the address that it prints: all that was recorded is in the file.";

/** Ask the server; what it refuses, or that it does not answer, is a Refusal in words. */
export async function ask(path, body) {
  let response;
  let value;
  try {
    const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    response = await fetch(`/v1/${path}`, options || {});
    value = await response.json();
  } catch {
    throw new Refusal(GONE);
  }
  if (!response.ok) throw new Refusal(value.detail);
  return value;
}

/** The picture as it came, as an address for an image; null where it shows no more. */
export async function fetchOriginal(id) {
  try {
    const response = await fetch(`/v1/originals/${id}`);
    return response.status === 200 ? URL.createObjectURL(await response.blob()) : null;
  } catch {
    return null;
  }
}

/** Say that the page closes, so that others get what was on it. */
export function leave(reviewer) {
  navigator.sendBeacon("/v1/leave", JSON.stringify({ reviewer }));
}
