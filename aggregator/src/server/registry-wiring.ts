import type { AnchoredAudit } from "../audit/audit.js";
import type { RetainedBlobs } from "../fleet/blob-publisher.js";
import { driftTextOf } from "../drift/releases/card-text.js";
import { Aliases } from "../registry/aliases/aliases.js";
import { ModelCards } from "../registry/cards/model-cards.js";
import { Registry } from "../registry/registry.js";
import { decodeRetentionPolicy, type RetentionPolicy } from "../registry/retention/retention-policy.js";
import { RetentionSchedule } from "../registry/retention/retention-schedule.js";
import { Retention } from "../registry/retention/retention.js";
import {
  fleetUse,
  openRounds,
  publishedBlobs,
  type VersionHolder,
} from "../registry/retention/version-holders.js";
import { VersionKeeper } from "../registry/version-keeper.js";
import type { Evaluator, Releases } from "../tasks/ports.js";
import type { Foundations } from "./foundations.js";

export interface RegistryWiring {
  readonly registry: Registry;
  readonly keeper: VersionKeeper;
  readonly schedule: RetentionSchedule;
}

export interface RegistryWiringOptions {
  readonly audit: AnchoredAudit;
  readonly releases: Releases;
  readonly publisher: RetainedBlobs;
  readonly retention: Partial<RetentionPolicy> | undefined;
  readonly evaluator: Evaluator;
  /** Who else may need a version, such as rollouts. */
  readonly holders?: readonly VersionHolder[];
}

/** The registry with its parts. Throws OPTION_INVALID for a retention policy that is none. */
export function openRegistry(
  { store, blobs, clock, logger }: Foundations,
  { audit, releases, publisher, retention: policy = {}, evaluator, holders = [] }: RegistryWiringOptions,
): RegistryWiring {
  const nowMs = (): number => clock.nowMs();
  const cards = new ModelCards({ store, blobs, nowMs, driftText: driftTextOf(store.drift) });
  const aliases = new Aliases({ store, audit, nowMs });
  const retention = new Retention(decodeRetentionPolicy(policy), {
    ...{ store, blobs, audit, nowMs },
    holders: [openRounds(store), fleetUse(store), publishedBlobs(publisher), ...holders],
    keepCard: (record) => cards.card(record),
  });
  return {
    registry: new Registry({ store, blobs, audit, releases, cards, aliases, retention, evaluator, nowMs }),
    keeper: new VersionKeeper({ store, aliases, cards, retention, logger }),
    schedule: new RetentionSchedule(retention, clock, logger),
  };
}
