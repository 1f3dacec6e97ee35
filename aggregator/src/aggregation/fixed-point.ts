import { FedgeError } from "@fedge/protocol";
import type { FoldBounds } from "../rounds/ports.js";

/** A contribution must stay below 2^51 for the rounding trick of the kernels, and one bit is kept in reserve. */
const CONTRIBUTION_BITS = 50;
/** The sum must stay below 2^63, with one bit in reserve. */
const SUM_BITS = 62;
/** Below this many fraction bits the sum would be coarser than float32 for ordinary updates. */
const MIN_FRACTION_BITS = 16;
const MAX_FRACTION_BITS = 100;

/**
 * Bits after the binary point of a round's sum: as many as fit when every device sends the largest update allowed.
 *
 * No coordinate exceeds the norm bound, so |delta_i * n| <= maxNorm * maxExamplesPerDevice. Throws OPTION_INVALID
 * when so few bits are left that small updates would be lost.
 */
export function fractionBits(bounds: FoldBounds): number {
  const contributionBits = Math.ceil(Math.log2(bounds.maxNorm * bounds.maxExamplesPerDevice));
  const cohortBits = Math.ceil(Math.log2(bounds.maxCohortSize));
  const bits = Math.min(
    CONTRIBUTION_BITS - contributionBits,
    SUM_BITS - contributionBits - cohortBits,
    MAX_FRACTION_BITS,
  );
  if (bits >= MIN_FRACTION_BITS) return bits;
  throw new FedgeError(
    "OPTION_INVALID",
    `a largest norm of ${bounds.maxNorm}, ${bounds.maxExamplesPerDevice} examples a device and ${bounds.maxCohortSize} ` +
      `devices leave ${bits} bits for fractions; lower the norm bound or the examples a device may use`,
  );
}
