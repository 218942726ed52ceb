// The data of the page, and how its arrays are unpacked.

export const report = JSON.parse(document.getElementById("data").textContent);

// What only a script can do is hidden by the style sheet until one runs.
document.documentElement.dataset.live = "yes";

const TYPES = {
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array,
};

/** A packed array of the page as a typed array. */
export const unpack = (packed) => {
  const text = atob(packed.data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new TYPES[packed.dtype](bytes.buffer);
};
