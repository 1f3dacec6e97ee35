/**
 * A reproducible stream of numbers. Never for secrets, keys or privacy noise: those take `SecureRandom`.
 */
export interface Random {
  /** Uniform integer in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1), 32 bits. */
  unit(): number;
  /** Uniform integer in [0, bound); bound is 1 to 2^32. */
  below(bound: number): number;
  /** An independent stream named by `label`: a draw added in one place does not shift another. */
  fork(label: string): Random;
}

/** Bytes from the platform's cryptographic source. */
export interface SecureRandom {
  /** `length` bytes that nobody can foresee. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** FNV-1a, 32 bits, over UTF-16 code units' low and high bytes. */
function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash >>> 0;
}

/** Finaliser of MurmurHash3 (Appleby): every input bit flips each output bit with probability near one half. */
function avalanche(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** 32 well-mixed bits of a text; the same on every platform. */
export function hash32(text: string): number {
  return avalanche(fnv1a(text, 0x811c9dc5));
}

/** The stream of a seed: sfc32 (Doty-Humphrey, PractRand), seeded from four hashes of the text. */
export function createRandom(seed: string): Random {
  let [a, b, c] = [0x811c9dc5, 0x01000193, 0x9e3779b9].map((basis) => avalanche(fnv1a(seed, basis))) as [
    number,
    number,
    number,
  ];
  let counter = 1;
  const uint32 = (): number => {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return result >>> 0;
  };
  for (let warmUp = 0; warmUp < 12; warmUp += 1) uint32();
  return {
    uint32,
    unit: () => uint32() / 2 ** 32,
    below: (bound) => Math.floor((uint32() / 2 ** 32) * bound),
    fork: (label) => createRandom(`${seed}/${label}`),
  };
}

/** A uniformly random permutation of `items` in a new array (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const pick = random.below(last + 1);
    [result[last], result[pick]] = [result[pick] as T, result[last] as T];
  }
  return result;
}
