import type { Verdict } from "@fedge/protocol/profile";
import type { DeviceStep } from "../fleet/fleet-messages.js";

type Judged = DeviceStep & { readonly what: "judges" };

/** What each device said of its own last window. */
export class LocalVerdicts {
  readonly #last = new Map<number, Judged>();

  note(step: DeviceStep): void {
    if (step.what === "judges") this.#last.set(step.index, step);
  }

  /** How many devices say so, of those that are meant. */
  count(verdicts: readonly Verdict[], isMeant: (index: number) => boolean): number {
    return [...this.#last.values()].filter(
      ({ index, verdict }) => isMeant(index) && verdicts.includes(verdict),
    ).length;
  }

  /** Which features devices name, the most named first: `basket by 20, country by 19`. */
  named(isMeant: (index: number) => boolean): string {
    const counts = new Map<string, number>();
    for (const { index, features } of this.#last.values())
      if (isMeant(index)) for (const name of features) counts.set(name, (counts.get(name) ?? 0) + 1);
    const sorted = [...counts].sort(([, one], [, other]) => other - one);
    return sorted.map(([name, count]) => `${name} by ${count}`).join(", ");
  }
}
