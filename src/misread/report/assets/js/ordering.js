// Orders of classes: those that are taken for each other side by side.

/** How often two classes are taken for each other, as a share of their images. */
export const confusionOf = (counts) => {
  const sums = counts.map((row) => row.reduce((a, b) => a + b, 0) || 1);
  return (i, j) => counts[i][j] / sums[i] + counts[j][i] / sums[j];
};

/** Codes of the classes, so that confused ones stand together: average linkage, joined at the ends that are most alike. */
export const byConfusion = (counts) => {
  const alike = confusionOf(counts);
  const n = counts.length;
  const close = Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (__, j) => (i === j ? -1 : alike(i, j))));
  const groups = Array.from({ length: n }, (_, i) => [i]);
  const alive = new Set(groups.keys());
  while (alive.size > 1) {
    let [best, first, second] = [-1, -1, -1];
    for (const i of alive) for (const j of alive) if (i < j && close[i][j] > best) [best, first, second] = [close[i][j], i, j];
    const [a, b] = [groups[first], groups[second]];
    const ways = [[a, b], [a.toReversed(), b], [a, b.toReversed()], [a.toReversed(), b.toReversed()]];
    const seam = ([left, right]) => alike(left.at(-1), right[0]);
    const [left, right] = ways.reduce((one, other) => (seam(other) > seam(one) ? other : one));
    for (const k of alive) {
      close[first][k] = close[k][first] = (close[first][k] * a.length + close[second][k] * b.length) / (a.length + b.length);
    }
    groups[first] = [...left, ...right];
    alive.delete(second);
  }
  return groups[[...alive][0]] ?? [];
};

/** The classes that are most often confused with one, itself first. */
export const confusedWith = (counts, code, most) => {
  const both = (other) => counts[code][other] + counts[other][code];
  const others = counts.map((_, other) => other).filter((other) => other !== code && both(other) > 0);
  return [code, ...others.sort((a, b) => both(b) - both(a)).slice(0, most - 1)];
};

/** Codes by errors: the classes that are misread most first. */
export const byErrors = (counts) => {
  const errors = counts.map((row, i) => row.reduce((sum, value, j) => sum + (i === j ? 0 : value + counts[j][i]), 0));
  return counts.map((_, i) => i).sort((a, b) => errors[b] - errors[a]);
};
