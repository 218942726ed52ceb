// Which key stands for which class: pure functions.

const FEW = 12;

/**
 * @param {string[]} classes
 * @returns {{mode: "keys" | "type", keys: Map<string, string>, labels: Map<string, string>}} the keys with their
 * classes, and the classes with what is written on their buttons. Names of one letter are their own keys; few words
 * are numbered, and typed; many are typed.
 */
export function keysFor(classes) {
  const keys = new Map();
  if (classes.every((name) => [...name].length === 1 && name.trim())) {
    for (const name of classes) keys.set(name, name);
    for (const name of classes) {
      for (const other of [name.toLowerCase(), name.toUpperCase()]) if (!keys.has(other)) keys.set(other, name);
    }
    return { mode: "keys", keys, labels: new Map(classes.map((name) => [name, name])) };
  }
  const labels = new Map();
  if (classes.length <= 9 && !classes.some((name) => /^\d/.test(name))) {
    classes.forEach((name, i) => {
      keys.set(String(i + 1), name);
      labels.set(name, String(i + 1));
    });
  }
  return { mode: "type", keys, labels };
}

/** Whether all classes are buttons. */
export const areFew = (classes) => classes.length <= FEW;

/** Classes that begin with what was typed, then those that have it inside; an exact one first, then the likelier. */
export function matching(typed, classes, shares) {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [];
  const rank = (name) => {
    if (name === typed.trim()) return 0;
    const small = name.toLowerCase();
    if (small === wanted) return 1;
    if (small.startsWith(wanted)) return 2;
    return small.includes(wanted) ? 3 : 4;
  };
  return classes
    .map((name, place) => ({ name, place, rank: rank(name), share: shares.get(name) ?? 0 }))
    .filter((one) => one.rank < 4)
    .sort((a, b) => a.rank - b.rank || b.share - a.share || a.place - b.place)
    .map((one) => one.name);
}
