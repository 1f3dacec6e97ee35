import type { Overlap } from "../drift-store.js";
import { attributeOf, WHOLE_FLEET } from "../sums/window-key.js";
import { leastCut } from "./least-cut.js";
import type { Suppression } from "./release-record.js";

export interface CohortSize {
  readonly cohort: string;
  /** Devices whose rows are counted. */
  readonly numDevices: number;
  /** These, and devices that report other counts but no row: they hide nobody, and are not to be found either. */
  readonly numReporting: number;
}

/**
 * Which cohorts are not shown, and why; the others are. Whatever is added to and taken from each other of what is shown of
 * two attributes and of the whole leaves the counts of nobody, or of enough devices.
 *
 * - `below-minimum`: it has too few devices.
 * - `complement`: the cohorts of one attribute divide the fleet, so that the whole less those that are shown is what is left:
 *   the smallest shown one is taken back until that is nobody, or enough devices.
 * - `overlap`: cohorts of two attributes, added and subtracted, would leave too few devices: one of the second is taken back.
 *
 * What is `hidden` for another reason stays so. With `isCoarse`, for numbers that are bounds only, all cohorts of the second attribute
 * are taken back when any sum may leave too few: a bound does not say which.
 */
export function suppressedCohorts(
  sizes: readonly CohortSize[],
  overlaps: readonly Overlap[],
  minDevices: number,
  { hidden = new Map(), isCoarse = false }: SuppressionOptions = {},
): Map<string, Suppression> {
  const suppressed = new Map(hidden);
  for (const { cohort, numDevices } of sizes)
    if (numDevices < minDevices && !suppressed.has(cohort)) suppressed.set(cohort, "below-minimum");
  const isWholeShown = sizes.some(({ cohort }) => cohort === WHOLE_FLEET) && !suppressed.has(WHOLE_FLEET);
  const attributes = [...new Set(sizes.flatMap(({ cohort }) => attributeOf(cohort) ?? []))].sort();
  const scene = { sizes, overlaps, minDevices, isWholeShown, suppressed, isCoarse };
  // Taking one cohort back may leave another pair or remainder too small: until nothing changes.
  for (let before = -1; before !== suppressed.size;) {
    before = suppressed.size;
    for (const [at, attribute] of attributes.entries()) {
      if (isWholeShown) suppressComplement(attribute, scene);
      for (const first of attributes.slice(0, at)) suppressOverlap(first, attribute, scene);
    }
  }
  return suppressed;
}

export interface SuppressionOptions {
  readonly hidden?: ReadonlyMap<string, Suppression>;
  readonly isCoarse?: boolean;
}

interface Scene {
  readonly sizes: readonly CohortSize[];
  readonly overlaps: readonly Overlap[];
  readonly minDevices: number;
  readonly isWholeShown: boolean;
  readonly suppressed: Map<string, Suppression>;
  readonly isCoarse: boolean;
}

function suppressComplement(attribute: string, { sizes, minDevices, suppressed }: Scene): void {
  const cohorts = sizes.filter(({ cohort }) => attributeOf(cohort) === attribute);
  const shown = cohorts
    .filter(({ cohort }) => !suppressed.has(cohort))
    .sort((one, other) => one.numDevices - other.numDevices);
  const hidden = cohorts.filter(({ cohort }) => suppressed.has(cohort));
  let numDevices = hidden.reduce((sum, each) => sum + each.numDevices, 0);
  while (hidden.length > 0 && numDevices < minDevices) {
    const smallest = shown.shift();
    if (smallest === undefined) break;
    suppressed.set(smallest.cohort, "complement");
    numDevices += smallest.numDevices;
  }
}

/**
 * A sum of shown cohorts of two attributes and of the whole, with any signs and factors, gives every device a factor that is a
 * number of its cohort of the one less a number of its cohort of the other; cohorts that are not shown have the whole's
 * and 0. The devices that it leaves are those where the two differ: they are a cut of the graph whose nodes are the cohorts,
 * and whose edges weigh as many devices as two cohorts have in common. So the least cut is the fewest that any sum can leave.
 */
function suppressOverlap(first: string, second: string, scene: Scene): void {
  const { overlaps, minDevices, suppressed, isWholeShown, isCoarse } = scene;
  // What is shown of one attribute alone is complements, and they are enough.
  while (isShown(first, scene) && isShown(second, scene)) {
    const nodes = new Map<string, number>();
    const nodeOf = (cohort: string): number => {
      // Without the whole, what is not shown counts for nothing, whichever attribute it is of.
      const hidden = isWholeShown ? `not shown of ${attributeOf(cohort)}` : "not shown";
      const name = suppressed.has(cohort) ? hidden : cohort;
      const node = nodes.get(name) ?? nodes.size;
      nodes.set(name, node);
      return node;
    };
    const edges = overlaps
      .filter(
        (overlap) =>
          [overlap.first, overlap.second].map(attributeOf).sort().join() === [first, second].join(),
      )
      .map((overlap) => ({ ...overlap, from: nodeOf(overlap.first), to: nodeOf(overlap.second) }));
    const cut = leastCut(weightsOf(edges, nodes.size));
    if (cut === null || Math.floor(cut.weight) >= minDevices) return;
    const isCut = ({ from, to }: (typeof edges)[number]): boolean => cut.side.has(from) !== cut.side.has(to);
    const touched = new Set(edges.filter(isCut).flatMap((edge) => [edge.first, edge.second]));
    const taken = takenBack(scene, [second, first], touched);
    if (taken === undefined) return;
    if (isCoarse) for (const { cohort } of shownOf(second, scene)) suppressed.set(cohort, "overlap");
    else suppressed.set(taken, "overlap");
  }
}

function shownOf(attribute: string, { sizes, suppressed }: Scene): CohortSize[] {
  return sizes.filter(({ cohort }) => attributeOf(cohort) === attribute && !suppressed.has(cohort));
}

function isShown(attribute: string, scene: Scene): boolean {
  return shownOf(attribute, scene).length > 0;
}

/** So little that all devices without rows together weigh less than one with rows. */
const WITHOUT_ROWS = 2 ** -30;

function weightsOf(
  edges: readonly (Overlap & { readonly from: number; readonly to: number })[],
  numNodes: number,
): number[][] {
  const weights = Array.from({ length: numNodes }, () => new Array<number>(numNodes).fill(0));
  for (const { from, to, numDevices, numReporting } of edges) {
    if (from === to) continue;
    const weight = numDevices + (numReporting - numDevices) * WITHOUT_ROWS;
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const)
      (weights[one] as number[])[other] = (weights[one]?.[other] ?? 0) + weight;
  }
  return weights;
}

/** The smallest cohort that may be: of those that the cut goes through before others, of the second attribute before the first. */
function takenBack(
  { sizes, suppressed }: Scene,
  attributes: readonly string[],
  touched: ReadonlySet<string>,
): string | undefined {
  const shown = sizes
    .filter(({ cohort }) => !suppressed.has(cohort))
    .sort((one, other) => one.numDevices - other.numDevices || (one.cohort < other.cohort ? -1 : 1));
  for (const attribute of attributes) {
    const own = shown.filter(({ cohort }) => attributeOf(cohort) === attribute);
    const found = own.find(({ cohort }) => touched.has(cohort)) ?? own[0];
    if (found !== undefined) return found.cohort;
  }
  return undefined;
}
