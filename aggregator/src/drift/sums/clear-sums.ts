import { addVector } from "@fedge/protocol/profile";
import type { SumDelta, SummingPort } from "./summing-port.js";
import { windowKeyText, type SumKey } from "./window-key.js";

/** Sums in the clear, in memory until they are drained. */
export class ClearSums implements SummingPort {
  #deltas = new Map<string, SumDelta>();

  sum(key: SumKey, vector: Uint32Array): void {
    const text = `${windowKeyText(key)}/${key.replicate}/${key.cohort}`;
    const delta = this.#deltas.get(text);
    if (delta === undefined) this.#deltas.set(text, { key, vector: vector.slice() });
    else addVector(delta.vector, vector);
  }

  drain(): SumDelta[] {
    const drained = [...this.#deltas.values()];
    this.#deltas = new Map();
    return drained;
  }
}
