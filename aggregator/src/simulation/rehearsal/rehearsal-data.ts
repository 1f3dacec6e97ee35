import { shuffled, createRandom, type ModelName } from "@fedge/protocol";
import type { ModelImport } from "../../service.js";
import { FORGOTTEN_DIGIT } from "../broken-versions/forgotten-digit.js";
import { drawDigits } from "../data/synthetic-digits.js";
import type { LabelledImages } from "../data/labelled-images.js";
import { digitsModel, heldOutImages } from "../digits.js";
import { arrangeImages, type ArrangedExamples, type ExampleRange } from "../fleet/fleet-examples.js";
import type { LabelledExamples } from "../workload.js";

const TRAIN_EXAMPLES = 120;
const HELD_OUT_EXAMPLES = 40;
const TEST_EXAMPLES = 1000;
/** Every second device sees mostly the digit that a candidate may forget; the others never see it. */
const SEGMENT_EVERY = 2;
const SEGMENT_SHARE = 0.7;
/** Of ten classes, with room for the devices that want more of one. */
const DRAWN_PER_DEVICE = 560;

export const SEGMENT_FILTER = "attribute.segment == sevens";

export function isInSegment(index: number): boolean {
  return index % SEGMENT_EVERY === 0;
}

export interface RehearsalData {
  readonly model: ModelImport;
  readonly train: ArrangedExamples;
  /** What each device predicts. */
  readonly heldOut: readonly ExampleRange[];
  /** What the server measures versions with. */
  readonly test: LabelledExamples;
}

/** Drawn digits for a fleet in which some see what the others do not. */
export function rehearsalData(of: {
  readonly model: ModelName;
  readonly numDevices: number;
  readonly seed: string;
}): RehearsalData {
  const { model, numDevices, seed } = of;
  const numTrain = numDevices * DRAWN_PER_DEVICE;
  const { train, test } = drawDigits({ seed, numTrain, numTest: TEST_EXAMPLES });
  const dealer = new Dealer(train, seed);
  const parts = (count: number): Uint32Array[] =>
    Array.from({ length: numDevices }, (_, index) => dealer.deal(count, isInSegment(index)));
  const { examples, ranges } = arrangeImages(train, [...parts(TRAIN_EXAMPLES), ...parts(HELD_OUT_EXAMPLES)]);
  return {
    model: digitsModel(model, "2nn", seed),
    train: { examples, ranges: ranges.slice(0, numDevices) },
    heldOut: ranges.slice(numDevices),
    test: heldOutImages(test),
  };
}

/** Hands out every image at most once. */
class Dealer {
  readonly #special: number[];
  readonly #others: number[];

  constructor(
    { labels }: LabelledImages,
    private readonly seed: string,
  ) {
    const all = [...labels.keys()];
    this.#special = all.filter((at) => labels[at] === FORGOTTEN_DIGIT);
    this.#others = all.filter((at) => labels[at] !== FORGOTTEN_DIGIT);
  }

  deal(count: number, isSpecial: boolean): Uint32Array {
    const special = this.#special.splice(0, isSpecial ? Math.round(count * SEGMENT_SHARE) : 0);
    const dealt = [...special, ...this.#others.splice(0, count - special.length)];
    return Uint32Array.from(shuffled(dealt, createRandom(`${this.seed}/deal/${dealt[0] ?? 0}`)));
  }
}
