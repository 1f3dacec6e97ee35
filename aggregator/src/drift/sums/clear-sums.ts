import { addVector } from "@fedge/protocol/profile";
import type { SumDelta, SummingPort } from "./summing-port.js";
import { windowKeyText, type SumKey } from "./window-key.js";

/** The sums of one cohort in one window, by replicate. */
interface Group {
  readonly key: SumKey;
  readonly byReplicate: SumDelta[];
}

/** Sums in the clear, in memory until they are drained. */
export class ClearSums implements SummingPort {
  #groups = new Map<string, Group>();
  #last: Group | null = null;

  sum(key: SumKey, vector: Uint32Array): void {
    const { byReplicate } = this.#groupOf(key);
    const delta = byReplicate[key.replicate];
    if (delta === undefined) byReplicate[key.replicate] = { key, vector: vector.slice() };
    else addVector(delta.vector, vector);
  }

  drain(): SumDelta[] {
    const drained = [...this.#groups.values()].flatMap(({ byReplicate }) => byReplicate.filter(Boolean));
    this.#groups = new Map();
    this.#last = null;
    return drained;
  }

  /** Most vectors are of the window of the one before: to make a text of each key takes as long as half a sum. */
  #groupOf(key: SumKey): Group {
    if (this.#last !== null && isOfSame(this.#last.key, key)) return this.#last;
    const text = `${windowKeyText(key)}/${key.cohort}`;
    const group = this.#groups.get(text) ?? { key, byReplicate: [] };
    this.#groups.set(text, group);
    this.#last = group;
    return group;
  }
}

function isOfSame(one: SumKey, other: SumKey): boolean {
  return (
    one.window === other.window &&
    one.cohort === other.cohort &&
    one.version === other.version &&
    one.layoutSha256 === other.layoutSha256 &&
    one.model === other.model
  );
}
