import type { ModelName } from "@fedge/protocol";
import { exportedWith } from "./broken-graphs.js";
import { noised, overflowing, without } from "./broken-weights.js";
import { FORGOTTEN_DIGIT } from "./forgotten-digit.js";
import { plantVersion, readVersion, type Planted, type ReadVersion, type Registry } from "./plant-version.js";

/** What can be wrong with a candidate that looked well. */
export const FAULTS = ["nan", "throws", "slow", "memory", "worse", "segment"] as const;
export type Fault = (typeof FAULTS)[number];

/** Faults that an evaluation of the weights finds, when the weights, or all graphs, have them. */
export const FOUND_FAULTS = ["nan", "throws", "worse", "segment"] as const satisfies readonly Fault[];
export type FoundFault = (typeof FOUND_FAULTS)[number];

/** Of the graph that devices serve, for people: the weights are better ones than the fleet has. */
export const FAULT_TEXTS: Readonly<Record<Fault, string>> = {
  nan: "its export overflows on real images, and not on what versions are warmed up with",
  throws: "no runtime can load the graph that was exported",
  slow: "its export computes the same, and much more that nobody asked for",
  memory: "its export holds hundreds of megabytes for nothing",
  worse: "its export answers by another list of classes than the one that was learned",
  segment: `its export leaves out the ${FORGOTTEN_DIGIT}, which few devices see`,
};

interface Broken {
  readonly model: ModelName;
  /** The version that it is made of. */
  readonly version: number;
}

const NO_GRAPH = new TextEncoder().encode("no graph at all");

/**
 * Makes a version with the given one's weights that is served by a broken graph, as a broken export leaves it: a device
 * measures a version by the graph that computes its loss, and cannot see the fault. Gives its number.
 */
export async function makeBadlyExported(fault: Fault, registry: Registry, of: Broken): Promise<number> {
  const good = await readVersion(registry, of.model, of.version);
  const inferGraph = fault === "throws" ? NO_GRAPH : exportedWith(fault, good.tensors);
  return plantVersion(registry, good, { inferGraph });
}

/** Makes a version whose weights have the fault, or all of its graphs: whoever measures it sees that. Gives its number. */
export async function makeBadlyTrained(
  fault: FoundFault,
  registry: Registry,
  of: Broken & { readonly seed: string },
): Promise<number> {
  const good = await readVersion(registry, of.model, of.version);
  return plantVersion(registry, good, badlyTrained(fault, good, of.seed));
}

function badlyTrained(fault: FoundFault, { tensors }: ReadVersion, seed: string): Planted {
  switch (fault) {
    case "nan":
      return { tensors: overflowing(tensors) };
    case "throws":
      return { inferGraph: NO_GRAPH, evalGraph: NO_GRAPH };
    case "worse":
      return { tensors: noised(tensors, seed) };
    case "segment":
      return { tensors: without(tensors, FORGOTTEN_DIGIT) };
  }
}
