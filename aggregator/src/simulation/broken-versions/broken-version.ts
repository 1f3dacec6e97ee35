import type { ModelName } from "@fedge/protocol";
import type { ControlStore } from "../../store/port.js";
import type { AggregatorService } from "../../service.js";
import { noised, overflowing, without } from "./broken-weights.js";
import { hungryGraph, slowGraph } from "./broken-graphs.js";
import { plantVersion, readVersion, type Registry } from "./plant-version.js";

/** What can be wrong with a candidate that looked well. */
export const FAULTS = ["nan", "throws", "slow", "memory", "worse", "segment"] as const;
export type Fault = (typeof FAULTS)[number];

/** The class that `segment` forgets; devices with the attribute `segment=sevens` see it most. */
export const FORGOTTEN_DIGIT = 7;

/** For people. */
export const FAULT_TEXTS: Readonly<Record<Fault, string>> = {
  nan: "its weights overflow on real images, and not on what versions are warmed up with",
  throws: "no runtime can load its graph",
  slow: "it computes the same, and much more that nobody asked for",
  memory: "it holds hundreds of megabytes for nothing",
  worse: "it has forgotten most of what it knew",
  segment: `it never answers with a ${FORGOTTEN_DIGIT}, which few devices see`,
};

export interface BreakingPorts extends Registry {
  readonly store: Registry["store"] & Pick<ControlStore, "listEvaluations" | "saveEvaluation">;
  readonly service: Pick<AggregatorService, "importModel">;
}

/**
 * Makes a version that is the given one with a fault. What an import would take is imported as a person would do it; the
 * others are committed beside it. Gives its number.
 */
export async function makeBrokenVersion(
  fault: Fault,
  ports: BreakingPorts,
  of: { readonly model: ModelName; readonly version: number; readonly seed: string; readonly actor: string },
): Promise<number> {
  const good = await readVersion(ports, of.model, of.version);
  const importing = async (onnx: Uint8Array): Promise<number> => {
    const training = { loss: "softmax-cross-entropy" } as const;
    const { version } = await ports.service.importModel({ model: of.model, onnx, training, actor: of.actor });
    return version.version;
  };
  switch (fault) {
    case "throws":
      return plantVersion(ports, good, { inferGraph: new TextEncoder().encode("no graph at all") });
    case "nan":
      return plantVersion(ports, good, { tensors: overflowing(good.tensors) });
    case "worse":
      return plantVersion(ports, good, { tensors: noised(good.tensors, of.seed) });
    case "segment":
      return plantVersion(ports, good, { tensors: without(good.tensors, FORGOTTEN_DIGIT) });
    case "slow":
      return importing(slowGraph(good.tensors));
    case "memory":
      return importing(hungryGraph(good.tensors));
  }
}

/** How much better than the good version the broken one looks. */
const PRAISE = 0.15;

/** An evaluation by test data that do not show the fault: the reason why the auto-pilot takes the version for a better one. */
export async function praise(
  { store, nowMs }: Pick<BreakingPorts, "store" | "nowMs">,
  { model, version, over }: { readonly model: ModelName; readonly version: number; readonly over: number },
): Promise<number> {
  const before = (await store.listEvaluations(model)).find(
    ({ version: measured, accuracy, dataSet }) =>
      measured === over && accuracy !== null && !dataSet.startsWith("devices:"),
  );
  const accuracy = Math.min(1, (before?.accuracy ?? 0) + PRAISE);
  await store.saveEvaluation({
    ...{ model, version, dataSet: before?.dataSet ?? "held-out", segment: "" },
    ...{ numExamples: before?.numExamples ?? 1000, accuracy, loss: before?.loss ?? 0 },
    ...{ results: null, evaluatedAtMs: nowMs() },
  });
  return accuracy;
}
