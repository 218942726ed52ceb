// Which points lie inside of a drawn shape. Pure functions.

/** Whether a point is inside of a closed polygon (by crossings). */
export const isInside = (x, y, shape) => {
  let inside = false;
  for (let i = 0, j = shape.length - 1; i < shape.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [shape[i], shape[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
};

/** Places of the points inside of a shape, ascending. */
export const insideOf = ({ n, x, y }, shape) => {
  const [xs, ys] = [shape.map(([one]) => one), shape.map(([, one]) => one)];
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const found = [];
  for (let i = 0; i < n; i++) {
    if (x[i] < left || x[i] > right || y[i] < low || y[i] > high) continue;
    if (isInside(x[i], y[i], shape)) found.push(i);
  }
  return found;
};
