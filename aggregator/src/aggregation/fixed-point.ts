import { FedgeError, MAX_EXAMPLES_PER_UPDATE, MAX_PARAMETERS } from "@fedge/protocol";
import type { FoldBounds } from "../rounds/ports.js";

/** The rounding trick of the kernels holds below 2^51; the bit in reserve covers the rounding of a logarithm. */
const CONTRIBUTION_BITS = 50;
/** The sum is a signed 64-bit integer and must stay below 2^63; one bit in reserve. */
const SUM_BITS = 62;
/**
 * A delta is kept at least to 2^-24, half the distance of two float32 parameters next to 1: a device with one example
 * and a small change is then still heard as well as its float32 checkpoint could say it.
 */
const PRECISION_BITS = 24;
/** Keeps numExamples * 2^fractionBits and its products far from the ends of float64's range. */
const MAX_FRACTION_BITS = 100;

/**
 * Bits after the binary point of a round's sum: as many as fit when every device sends the largest update allowed.
 *
 * No coordinate exceeds the norm bound, so |delta_i * n| <= maxNorm * maxExamplesPerDevice. Every factor of two by
 * which a bound is too generous costs one bit. Throws OPTION_INVALID for bounds that are no bounds, and when they
 * leave fewer than 24 bits.
 */
export function fractionBits(bounds: FoldBounds): number {
  requireBounds(bounds);
  const contributionBits = Math.ceil(Math.log2(bounds.maxNorm * bounds.maxExamplesPerDevice));
  const cohortBits = Math.ceil(Math.log2(bounds.maxCohortSize));
  const bits = Math.min(
    CONTRIBUTION_BITS - contributionBits,
    SUM_BITS - contributionBits - cohortBits,
    MAX_FRACTION_BITS,
  );
  if (bits >= PRECISION_BITS) return bits;
  throw new FedgeError(
    "OPTION_INVALID",
    `up to ${bounds.maxExamplesPerDevice} examples a device, ${bounds.maxCohortSize} devices and a norm of ` +
      `${bounds.maxNorm} leave ${bits} bits for fractions, and small updates need ${PRECISION_BITS}; ` +
      "lower the norm, the examples a device may use, or the devices in a round",
  );
}

function requireBounds(bounds: FoldBounds): void {
  requireCount("numParameters", bounds.numParameters, MAX_PARAMETERS);
  requireCount("maxExamplesPerDevice", bounds.maxExamplesPerDevice, MAX_EXAMPLES_PER_UPDATE);
  requireCount("maxCohortSize", bounds.maxCohortSize, 2 ** 32 - 1);
  if (bounds.maxNorm > 0 && bounds.maxNorm < Infinity) return;
  throw new FedgeError("OPTION_INVALID", `maxNorm is ${bounds.maxNorm}; it must be a positive number`);
}

function requireCount(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new FedgeError("OPTION_INVALID", `${name} is ${value}; it must be a whole number from 1 to ${most}`);
}
