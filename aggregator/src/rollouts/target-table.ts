import type { DeviceId } from "@fedge/protocol";

const BUCKETS = 256;

/**
 * An immutable map of devices that is cheap to change: a change copies one bucket of 256, not ten thousand entries. The
 * machine stays pure, and a wave of ten thousand reports stays quick.
 */
export class TargetTable<T> {
  private constructor(
    private readonly buckets: readonly ReadonlyMap<DeviceId, T>[],
    readonly size: number,
  ) {}

  static empty<T>(): TargetTable<T> {
    return new TargetTable<T>(
      Array.from({ length: BUCKETS }, () => new Map<DeviceId, T>()),
      0,
    );
  }

  get(deviceId: DeviceId): T | undefined {
    return this.buckets[bucketOf(deviceId)]?.get(deviceId);
  }

  with(deviceId: DeviceId, value: T): TargetTable<T> {
    return this.withAll([[deviceId, value]]);
  }

  withAll(entries: Iterable<readonly [DeviceId, T]>): TargetTable<T> {
    const buckets = [...this.buckets];
    const copied = new Map<number, Map<DeviceId, T>>();
    let { size } = this;
    for (const [deviceId, value] of entries) {
      const at = bucketOf(deviceId);
      const bucket = copied.get(at) ?? new Map(buckets[at]);
      copied.set(at, bucket);
      if (!bucket.has(deviceId)) size += 1;
      bucket.set(deviceId, value);
    }
    for (const [at, bucket] of copied) buckets[at] = bucket;
    return new TargetTable(buckets, size);
  }

  /** What is another than it was in `before`. */
  *changedSince(before: TargetTable<T>): IterableIterator<readonly [DeviceId, T]> {
    for (const [at, bucket] of this.buckets.entries()) {
      const old = before.buckets[at];
      if (old === bucket) continue;
      for (const entry of bucket) if (old?.get(entry[0]) !== entry[1]) yield entry;
    }
  }

  *entries(): IterableIterator<readonly [DeviceId, T]> {
    for (const bucket of this.buckets) yield* bucket;
  }
}

/** FNV-1a; only for spreading, so that its low bits are enough. */
function bucketOf(deviceId: DeviceId): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < deviceId.length; at += 1)
    hash = Math.imul(hash ^ deviceId.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (BUCKETS - 1);
}
