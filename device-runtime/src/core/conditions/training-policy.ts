/** When a device may train. */
export interface TrainingPolicy {
  /** Only while the battery charges; a machine without one always does. */
  readonly needsCharging: boolean;
  /** Also over a connection that costs by the byte, or with data saving asked for. */
  readonly allowsMetered: boolean;
  /** Since the last key, touch or movement. */
  readonly idleMs: number;
  /** Also while nobody sees the page: browsers slow such pages down. */
  readonly allowsHidden: boolean;
  /** Room that must still be there. */
  readonly minFreeBytes: number;
  /** Only where the browser has promised to keep what is stored, even when it runs out of room. */
  readonly needsPersistence: boolean;
}

/** As keyboards on phones do it: charging, unmetered, not in use (Bonawitz et al. 2019, section 3). */
export const DEFAULT_POLICY: TrainingPolicy = {
  needsCharging: true,
  allowsMetered: false,
  idleMs: 10_000,
  allowsHidden: true,
  minFreeBytes: 50_000_000,
  needsPersistence: false,
};

/** What is known of where the device runs; null for what is not told. */
export interface HostFacts {
  readonly isCharging: boolean | null;
  readonly isMetered: boolean | null;
  readonly isHidden: boolean;
  readonly lastInputAtMs: number;
  readonly freeBytes: number | null;
  readonly isPersisted: boolean | null;
}

/** What keeps a device from training, in words that a person can read; none when it may. What is not known is no reason. */
export function reasonsAgainst(facts: HostFacts, policy: TrainingPolicy, nowMs: number): readonly string[] {
  const reasons: readonly (readonly [boolean, string])[] = [
    [policy.needsCharging && facts.isCharging === false, "on battery"],
    [!policy.allowsMetered && facts.isMetered === true, "on a metered connection"],
    [nowMs - facts.lastInputAtMs < policy.idleMs, "in use"],
    [!policy.allowsHidden && facts.isHidden, "in the background"],
    [policy.needsPersistence && facts.isPersisted === false, "storage may be cleared"],
    [facts.freeBytes !== null && facts.freeBytes < policy.minFreeBytes, "little storage left"],
  ];
  return reasons.flatMap(([holds, reason]) => (holds ? [reason] : []));
}
