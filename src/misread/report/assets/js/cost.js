// The cheapest threshold when a missed positive costs so many times a false one, and how sure that is. Pure functions.

const ROUNDS = 200;

/** Random numbers from 0 to 1 that are the same every time (mulberry32). */
export const randomFrom = (seed) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** How often something is drawn that is expected `mean` times. */
const poisson = (mean, random) => {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let [drawn, product] = [0, random()];
  while (product > limit) {
    product *= random();
    drawn++;
  }
  return drawn;
};

/** Runs of scores with only positives, or only negatives: between them no threshold is cheaper than those at their ends. */
export const runsOf = (curve) => {
  const runs = [];
  for (let i = 0; i < curve.size; i++) {
    const [yes, no] = [curve.tp[i] - curve.tp[i + 1], curve.fp[i] - curve.fp[i + 1]];
    const last = runs.at(-1);
    if (last && ((yes === 0 && last.yes === 0) || (no === 0 && last.no === 0))) {
      last.yes += yes;
      last.no += no;
    } else runs.push({ place: i, yes, no });
  }
  return runs;
};

/** The first run from which on "yes" is cheapest (their number for never), and its cost in false ones. */
const cheapestOf = (yes, no, ratio) => {
  let cost = 0;
  for (let i = 0; i < no.length; i++) cost += no[i];
  let [best, least] = [0, cost];
  for (let i = 0; i < yes.length; i++) {
    cost += ratio * yes[i] - no[i];
    if (cost < least) [best, least] = [i + 1, cost];
  }
  return [best, least];
};

/**
 * The place of the cheapest threshold, what it costs, and between which places 95 of 100 resampled sets of images have theirs
 * (Poisson bootstrap over the images).
 */
export const cheapest = (curve, ratio, rounds = ROUNDS) => {
  const runs = runsOf(curve);
  const placeOf = (run) => (run < runs.length ? runs[run].place : curve.size);
  const [yes, no] = [runs.map((run) => run.yes), runs.map((run) => run.no)];
  const [run, cost] = cheapestOf(yes, no, ratio);
  const random = randomFrom(20);
  const found = [];
  for (let k = 0; k < rounds; k++) {
    found.push(cheapestOf(yes.map((mean) => mean && poisson(mean, random)), no.map((mean) => mean && poisson(mean, random)), ratio)[0]);
  }
  found.sort((a, b) => a - b);
  const at = (share) => placeOf(found[Math.min(found.length - 1, Math.floor(share * found.length))]);
  return { place: placeOf(run), cost, low: at(0.025), high: at(0.975) };
};
