const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const BUCKETS = 10_000;

/**
 * Where a value stands among all: one of 10,000 fractions from 0 to 0.9999, the same for ever and on every platform. A
 * device is in a wave of so many per cent when its fraction is below that, so that raising the percentage only adds
 * devices. The seed is the rollout's id: otherwise the first hundredth would be the same devices every time.
 *
 * GrowthBook's hash, version 2: FNV-1a of 32 bits, twice, so that seeds which differ in one character do not move all
 * values alike. https://docs.growthbook.io/lib/build-your-own#hashing
 */
export function stableFraction(seed: string, value: string): number {
  return (fnv1a32(String(fnv1a32(seed + value))) % BUCKETS) / BUCKETS;
}

/** Over UTF-16 code units, as GrowthBook's own JavaScript does; for ASCII that is FNV-1a of the bytes. */
function fnv1a32(text: string): number {
  let hash = BASIS;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  return hash >>> 0;
}
