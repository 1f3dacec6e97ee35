const [LEAST, MOST, PER_UNIT] = [-8, 8, 64];

/** Cells of a numeric feature, by a table of where to begin to look: quicker than a search for values near each other. */
export class BinGrid {
  readonly #first: Uint8Array;
  readonly #edges: Float64Array;
  readonly #numBins: number;
  readonly missing: number;

  constructor(edges: readonly number[]) {
    this.#edges = Float64Array.from(edges);
    this.#numBins = edges.length - 1;
    this.missing = this.#numBins + 2;
    this.#first = Uint8Array.from({ length: (MOST - LEAST) * PER_UNIT }, (_, at) =>
      Math.max(0, edges.filter((edge) => edge <= LEAST + at / PER_UNIT).length - 1),
    );
  }

  cellOf(value: number): number {
    const edges = this.#edges;
    const last = edges[this.#numBins] as number;
    if (value < (edges[0] as number)) return this.#numBins;
    if (value >= last) return value === last ? this.#numBins - 1 : this.#numBins + 1;
    const place = Math.floor((value - LEAST) * PER_UNIT);
    let bin = this.#first[Math.max(0, Math.min(this.#first.length - 1, place))] as number;
    while ((edges[bin + 1] as number) <= value) bin += 1;
    return bin;
  }
}
