import { FedgeError, createRandom, shuffled, type Random } from "@fedge/protocol";
import { dirichlet } from "./gamma.js";
import { NUM_CLASSES, firstExamples } from "./labelled-images.js";

export const PARTITIONS = ["iid", "shards", "dirichlet"] as const;
export type PartitionKind = (typeof PARTITIONS)[number];

export interface PartitionOptions {
  readonly kind: PartitionKind;
  readonly numDevices: number;
  /** Concentration of `dirichlet`, above 0: small gives each device few classes. Other kinds ignore it. */
  readonly alpha: number;
  readonly seed: string;
}

const SHARDS_PER_DEVICE = 2;

/**
 * The examples of each device: every example exactly once, no device without one, the same for the same seed.
 *
 * `iid` deals out a shuffled pack. `shards` sorts by label, cuts two shards per device and gives each device two at
 * random, so that most devices know two classes (McMahan et al. 2017, section 3). `dirichlet` divides each class
 * among the devices by a draw of Dir(alpha) (Yurochkin et al. 2019, section 4).
 * Throws OPTION_INVALID when there are fewer examples than the devices need.
 */
export function partitionExamples(labels: Uint8Array, options: PartitionOptions): Uint32Array[] {
  const { kind, numDevices } = options;
  const needed = numDevices * (kind === "shards" ? SHARDS_PER_DEVICE : 1);
  if (!Number.isInteger(numDevices) || numDevices < 1 || labels.length < needed) {
    throw new FedgeError(
      "OPTION_INVALID",
      `${labels.length} examples cannot be divided among ${numDevices} devices by ${kind}: at least ${needed} are needed. Use fewer devices.`,
    );
  }
  const random = createRandom(options.seed).fork(`partition/${kind}`);
  if (kind === "iid") return cut(shuffled([...firstExamples(labels.length)], random), numDevices);
  if (kind === "shards") return dealShards(labels, numDevices, random);
  return drawDirichlet(labels, options, random);
}

function dealShards(labels: Uint8Array, numDevices: number, random: Random): Uint32Array[] {
  const byLabel = examplesByClass(labels, random).flat();
  const shards = shuffled(cut(byLabel, numDevices * SHARDS_PER_DEVICE), random);
  return Array.from({ length: numDevices }, (_, device) =>
    Uint32Array.from(
      shards
        .slice(device * SHARDS_PER_DEVICE, (device + 1) * SHARDS_PER_DEVICE)
        .flatMap((shard) => [...shard]),
    ),
  );
}

function drawDirichlet(labels: Uint8Array, options: PartitionOptions, random: Random): Uint32Array[] {
  const devices = Array.from({ length: options.numDevices }, (): number[] => []);
  for (const examples of examplesByClass(labels, random)) {
    const fractions = dirichlet(options.numDevices, options.alpha, random);
    let cumulated = 0;
    let from = 0;
    devices.forEach((device, index) => {
      cumulated += fractions[index] as number;
      const isLast = index === devices.length - 1;
      const to = isLast ? examples.length : Math.max(from, Math.round(cumulated * examples.length));
      for (const example of examples.slice(from, to)) device.push(example);
      from = to;
    });
  }
  shareWithEmpty(devices);
  return devices.map((device) => Uint32Array.from(device));
}

/** A device without examples could never train: the richest gives it one. */
function shareWithEmpty(devices: number[][]): void {
  for (const device of devices) {
    if (device.length > 0) continue;
    const richest = devices.reduce((most, other) => (other.length > most.length ? other : most));
    device.push(richest.pop() as number);
  }
}

function examplesByClass(labels: Uint8Array, random: Random): number[][] {
  const classes = Array.from({ length: NUM_CLASSES }, (): number[] => []);
  labels.forEach((label, example) => classes[label]?.push(example));
  return classes.map((examples) => shuffled(examples, random));
}

/** Contiguous parts whose sizes differ by at most one. */
function cut(examples: readonly number[], parts: number): Uint32Array[] {
  return Array.from({ length: parts }, (_, part) =>
    Uint32Array.from(
      examples.slice(
        Math.floor((part * examples.length) / parts),
        Math.floor(((part + 1) * examples.length) / parts),
      ),
    ),
  );
}
