import * as z from "zod/mini";
import { nonNegativeInt } from "../schema.js";

const tensorName = z.string().check(z.minLength(1), z.maxLength(512));
const tensor = { of: z.enum(["input", "output", "label"]), name: tensorName } as const;

/**
 * Where a feature's value comes from, for one row of a prediction: a row is one example along axis 0 of the tensors. The
 * same expression is evaluated on the device, in training and where the reference is built.
 *
 * - `value`: one number of the row's flattened tensor.
 * - `mean`, `std` (population), `min`, `max`, `norm` (Euclidean), `zero-share`: of all its numbers.
 * - `length`: how many of its numbers come before a trailing run of zeros; of padded sequences.
 * - `share-of`: the share of its numbers that equal `value`, such as the token of unknown words.
 * - `argmax`, `top-score`: index and value of its largest number, the first of equals: what was predicted, and how surely.
 * - `projection`: the inner product with a fixed random direction of signs (Achlioptas 2003), `sum(±x) / sqrt(n)`.
 * - `field`: what the app noted with `log`. `latency`: microseconds that the prediction took.
 */
export const featureSource = z.discriminatedUnion("take", [
  z.object({ take: z.literal("value"), ...tensor, at: nonNegativeInt }),
  z.object({ take: z.enum(["mean", "std", "min", "max", "norm"]), ...tensor }),
  z.object({ take: z.enum(["zero-share", "length"]), ...tensor }),
  z.object({ take: z.literal("share-of"), ...tensor, value: z.number() }),
  z.object({ take: z.enum(["argmax", "top-score"]), ...tensor }),
  z.object({ take: z.literal("projection"), ...tensor, seed: z.string().check(z.maxLength(64)) }),
  z.object({ take: z.literal("field"), name: z.string().check(z.minLength(1), z.maxLength(64)) }),
  z.object({ take: z.literal("latency") }),
]);
export type FeatureSource = z.infer<typeof featureSource>;

/** Sources that are there when the prediction is made; the others come later, or never. */
export function isKnownAtOnce(source: FeatureSource): boolean {
  return source.take !== "field" && !("of" in source && source.of === "label");
}

/**
 * Whether the feature's rows are its values, counted in the window in which each comes, and not the predictions: of truths,
 * and of actions that are noted later. Most predictions may never have one, or after their window was sent; where none came,
 * there is no row, and none is missing.
 */
export function isCountedApart({
  role,
  source,
}: {
  readonly role: string;
  readonly source: FeatureSource;
}): boolean {
  return !isKnownAtOnce(source) && (source.take !== "field" || role === "label" || role === "action");
}
