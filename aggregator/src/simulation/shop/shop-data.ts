import { createRandom, type Random } from "@fedge/protocol";
import { seededNormal } from "@fedge/protocol/drift";
import { rangesOf, type ExampleRange, type FleetExamples } from "../fleet/fleet-examples.js";

/** Numbers that the model takes of one customer. */
export const COLUMNS = ["basket", "visits", "hour", "in DE", "in FR", "in PL", "in SE"] as const;
const KNOWN_COUNTRIES = ["DE", "FR", "PL", "SE"] as const;
const COUNTRY_SHARES = [0.5, 0.75, 0.9, 1] as const;
const NEW_COUNTRY = "NO";
const COUNTRIES = [...KNOWN_COUNTRIES, NEW_COUNTRY] as const;
/** What the app sends after its release in place of 1. */
const BASKET_SCALE = 3;
/** How sure the customer's behaviour makes the answer: with this, nobody is right more often than in about nine of ten. */
const STEEPNESS = 2;
export const ROWS_PER_DEVICE = 400;

export interface ShopFleet {
  readonly examples: FleetExamples;
  /** What each device predicts. */
  readonly before: readonly ExampleRange[];
  /** What devices of the coast predict after the change. */
  readonly after: ReadonlyMap<number, ExampleRange>;
}

/**
 * Customers of a shop: will they buy? On the devices of the coast the world changes: the app sends baskets in another unit,
 * customers come from a country that nobody has seen, and the answers are the other way round.
 */
export function drawShopFleet(of: {
  readonly numDevices: number;
  readonly isOnCoast: (index: number) => boolean;
  readonly seed: string;
}): ShopFleet {
  const devices = Array.from({ length: of.numDevices }, (_, index) => index);
  const coast = devices.filter(of.isOnCoast);
  const ranges = rangesOf([...devices, ...coast].map(() => ROWS_PER_DEVICE));
  const table = new ShopTable(ranges.length * ROWS_PER_DEVICE);
  const random = createRandom(`${of.seed}/shop`);
  ranges.forEach(({ first, count }, at) => {
    for (let row = first; row < first + count; row += 1) table.draw(row, random, at >= devices.length);
  });
  const after = new Map(coast.map((index, at) => [index, ranges[devices.length + at] as ExampleRange]));
  return { examples: table.examples, before: ranges.slice(0, devices.length), after };
}

/** Rows as a data scientist has them in one place: of the world before the change. */
export function drawShopSample(numRows: number, seed: string): FleetExamples {
  const table = new ShopTable(numRows);
  const random = createRandom(`${seed}/sample`);
  for (let row = 0; row < numRows; row += 1) table.draw(row, random, false);
  return table.examples;
}

class ShopTable {
  readonly #inputs: Float32Array;
  readonly #bought: BigInt64Array;
  readonly #countries: Uint8Array;

  constructor(numRows: number) {
    const shared = (bytesPerRow: number): SharedArrayBuffer => new SharedArrayBuffer(numRows * bytesPerRow);
    this.#inputs = new Float32Array(shared(COLUMNS.length * Float32Array.BYTES_PER_ELEMENT));
    this.#bought = new BigInt64Array(shared(BigInt64Array.BYTES_PER_ELEMENT));
    this.#countries = new Uint8Array(shared(1));
  }

  get examples(): FleetExamples {
    return {
      input: { elementType: "float32", exampleShape: [COLUMNS.length], data: this.#inputs },
      target: { elementType: "int64", exampleShape: [], data: this.#bought },
      noted: { name: "country", values: COUNTRIES, codes: this.#countries },
    };
  }

  draw(row: number, random: Random, hasChanged: boolean): void {
    const basket = Math.exp(0.5 * seededNormal(random));
    const [visits, hour] = [seededNormal(random), 2 * random.unit() - 1];
    const unit = random.unit();
    const country = hasChanged
      ? COUNTRIES.indexOf(NEW_COUNTRY)
      : COUNTRY_SHARES.findIndex((end) => unit < end);
    const inclination = STEEPNESS * (0.5 * (basket - 1.1) + 2 * visits - hour);
    const buys = random.unit() < 1 / (1 + Math.exp(-inclination));
    const first = row * COLUMNS.length;
    this.#inputs.set([hasChanged ? BASKET_SCALE * basket : basket, visits, hour], first);
    KNOWN_COUNTRIES.forEach((_, at) => (this.#inputs[first + 3 + at] = at === country ? 1 : 0));
    this.#countries[row] = country;
    this.#bought[row] = buys === hasChanged ? 0n : 1n;
  }
}
