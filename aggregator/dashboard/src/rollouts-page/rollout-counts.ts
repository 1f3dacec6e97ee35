import type { RolloutData } from "../data/api-types.js";
import { countByGroup, type TargetGroup } from "./target-looks.js";

export type RolloutCounts = Readonly<Record<TargetGroup, number>> & {
  readonly total: number;
  /** Told and not at an end. */
  readonly underWay: number;
};

/** Devices of all waves together; a device is in one wave. */
export function rolloutCounts({ waves }: Pick<RolloutData, "waves">): RolloutCounts {
  const zero = countByGroup({ numTargets: 0, byState: {} });
  const sum = waves.map(countByGroup).reduce<Record<TargetGroup, number>>(
    (before, counts) => {
      const groups = Object.keys(before) as TargetGroup[];
      return Object.fromEntries(groups.map((group) => [group, before[group] + counts[group]])) as Record<
        TargetGroup,
        number
      >;
    },
    { ...zero },
  );
  const total = Object.values(sum).reduce((before, count) => before + count, 0);
  return { ...sum, total, underWay: sum.installing + sum["on probation"] };
}
