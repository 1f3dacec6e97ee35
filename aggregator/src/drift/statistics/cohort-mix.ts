import type { FeatureCells } from "@fedge/protocol/profile";
import type { ReleasedView } from "../releases/release-record.js";
import { attributeOf, WHOLE_FLEET } from "../sums/window-key.js";

/** How much of a feature's change between two windows is of cohorts that weigh otherwise, and how much is within them. */
export interface CohortMix {
  readonly attribute: string;
  readonly fromWindow: number;
  /** Total variation: of the whole change, of the mix's part, and of the part within cohorts. */
  readonly total: number;
  readonly mix: number;
  readonly within: number;
  readonly cohorts: readonly {
    readonly cohort: string;
    readonly weightBefore: number;
    readonly weightNow: number;
    readonly change: number;
  }[];
}

/** What is in none of the cohorts that both windows show. */
const REST = "(all others)";

interface Part {
  readonly cohort: string;
  readonly counts: Float64Array;
}

/**
 * Kitagawa's decomposition (JASA 50, 1955) of the change of a feature's shares, device-weighted: with weights w and shares q of
 * each cohort, mix = sum of (w2 - w1)(q1 + q2)/2 and within = sum of (w1 + w2)/2 (q2 - q1); the two add up to the change.
 * Cohorts that are not shown in both windows count together, as what the whole has beyond those that are: one that passes the
 * least size has not come anew. Null where both have none in common, or nothing beside one.
 */
export function cohortMix(
  attribute: string,
  cells: FeatureCells,
  windows: { readonly before: readonly ReleasedView[]; readonly now: readonly ReleasedView[] },
): CohortMix | null {
  const common = shownInBoth(attribute, windows);
  const [before, now] = [partsOf(common, cells, windows.before), partsOf(common, cells, windows.now)];
  if (before === null || now === null) return null;
  const names = [...new Set([...before, ...now].map(({ cohort }) => cohort))].sort();
  if (names.length < 2) return null;
  const [first, second] = [sharesIn(before, names), sharesIn(now, names)];
  const size = cells.weights.size;
  const [mix, within] = [new Float64Array(size), new Float64Array(size)];
  const cohorts = names.map((cohort, at) => {
    const [one, two] = [first[at] as Share, second[at] as Share];
    for (let cell = 0; cell < size; cell += 1) {
      // What nobody was in before, or is any more, has changed nothing within.
      const p = one.weight > 0 ? (one.shares[cell] as number) : (two.shares[cell] as number);
      const q = two.weight > 0 ? (two.shares[cell] as number) : (one.shares[cell] as number);
      mix[cell] = (mix[cell] as number) + ((two.weight - one.weight) * (p + q)) / 2;
      within[cell] = (within[cell] as number) + ((one.weight + two.weight) / 2) * (q - p);
    }
    return { cohort, weightBefore: one.weight, weightNow: two.weight, change: changeOf(one, two) };
  });
  const total = mix.map((change, cell) => change + (within[cell] as number));
  const fromWindow = windows.before[0]?.window ?? 0;
  return {
    attribute,
    fromWindow,
    total: variation(total),
    mix: variation(mix),
    within: variation(within),
    cohorts,
  };
}

function shownInBoth(
  attribute: string,
  { before, now }: { readonly before: readonly ReleasedView[]; readonly now: readonly ReleasedView[] },
): ReadonlySet<string> {
  const earlier = new Set(before.map(({ cohort }) => cohort));
  const both = now.map(({ cohort }) => cohort).filter((cohort) => earlier.has(cohort));
  return new Set(both.filter((cohort) => attributeOf(cohort) === attribute));
}

function partsOf(
  common: ReadonlySet<string>,
  { weights }: FeatureCells,
  views: readonly ReleasedView[],
): Part[] | null {
  const take = (view: ReleasedView): Float64Array =>
    Float64Array.from(view.cells.slice(weights.at, weights.at + weights.size));
  const whole = views.find(({ cohort }) => cohort === WHOLE_FLEET);
  if (whole === undefined) return null;
  const parts = views
    .filter(({ cohort }) => common.has(cohort))
    .map((view) => ({ cohort: view.cohort, counts: take(view) }));
  const rest = take(whole);
  for (const { counts } of parts)
    for (let cell = 0; cell < rest.length; cell += 1)
      rest[cell] = (rest[cell] as number) - (counts[cell] as number);
  return rest.some((count) => count > 0) ? [...parts, { cohort: REST, counts: rest }] : parts;
}

interface Share {
  readonly weight: number;
  readonly shares: Float64Array;
}

function sharesIn(parts: readonly Part[], names: readonly string[]): Share[] {
  const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
  const all = parts.reduce((total, { counts }) => total + sum(counts), 0);
  const size = parts[0]?.counts.length ?? 0;
  return names.map((name) => {
    const counts = parts.find(({ cohort }) => cohort === name)?.counts ?? new Float64Array(size);
    const own = sum(counts);
    return { weight: all > 0 ? own / all : 0, shares: counts.map((count) => (own > 0 ? count / own : 0)) };
  });
}

function changeOf(one: Share, two: Share): number {
  if (one.weight === 0 || two.weight === 0) return 0;
  return variation(two.shares.map((share, cell) => share - (one.shares[cell] as number)));
}

function variation(change: Float64Array): number {
  return change.reduce((sum, each) => sum + Math.abs(each), 0) / 2;
}
