// The data of the page (what it holds: misread/report/contract.py), and how its arrays are unpacked.

/** Bytes of a deflated base64 text. */
const inflated = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

const TYPES = {
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array,
};

/** The typed array of bytes that lie by their places: all first ones, then all second ones. */
const joined = (Type, apart) => {
  const size = Type.BYTES_PER_ELEMENT;
  if (size === 1) return apart;
  const n = apart.length / size;
  const bytes = new Uint8Array(apart.length);
  for (let k = 0; k < size; k++) for (let i = 0; i < n; i++) bytes[i * size + k] = apart[k * n + i];
  return new Type(bytes.buffer);
};

const arrays = new Map();

/** Every packed array below `part`, inflated: a browser does that only while others wait. */
const inflateAll = async (part) => {
  if (part === null || typeof part !== "object") return;
  if (part.dtype && typeof part.data === "string") arrays.set(part, joined(TYPES[part.dtype], await inflated(part.data)));
  else await Promise.all(Object.values(part).map(inflateAll));
};

export const report = JSON.parse(document.getElementById("data").textContent);
await inflateAll(report);

// What only a script can do is hidden by the style sheet until one runs.
document.documentElement.dataset.live = "yes";

/** A packed array of the page as a typed array. */
export const unpack = (packed) => arrays.get(packed);
