import type { DriftStore } from "../drift-store.js";
import type { RefusalCount } from "../intake/refused-windows.js";

/** What a store keeps of refused windows, in memory. */
export class MemoryRefusals {
  #counts: RefusalCount[] = [];

  /** As the methods of a store. */
  get store(): Pick<DriftStore, "addRefusals" | "listRefusals"> {
    return {
      addRefusals: async (counts, { numVersions }) => this.add(counts, numVersions),
      listRefusals: async () => this.all,
    };
  }

  get all(): RefusalCount[] {
    return [...this.#counts];
  }

  add(counts: readonly RefusalCount[], numVersions: number): void {
    for (const count of counts) {
      const isSame = (each: RefusalCount): boolean =>
        each.model === count.model && each.version === count.version && each.reason === count.reason;
      const before = this.#counts.find(isSame)?.numWindows ?? 0;
      const others = this.#counts.filter((each) => !isSame(each));
      this.#counts = [...others, { ...count, numWindows: before + count.numWindows }];
    }
    for (const { model } of counts) this.#forgetOld(model, numVersions);
  }

  #forgetOld(model: string, numVersions: number): void {
    const own = this.#counts.filter((each) => each.model === model).map(({ version }) => version);
    const oldest = [...new Set(own)].sort((a, b) => b - a)[numVersions - 1] ?? 0;
    this.#counts = this.#counts.filter((each) => each.model !== model || each.version >= oldest);
  }
}
