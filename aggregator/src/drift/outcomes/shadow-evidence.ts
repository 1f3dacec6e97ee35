import type { ModelName } from "@fedge/protocol";
import type { DriftStore } from "../drift-store.js";
import type { MonitoredVersions } from "../references/monitored-version.js";
import { WHOLE_FLEET } from "../sums/window-key.js";
import { pooledShadowLabels, type ShadowLabels } from "./shadow-labels.js";

/** Of each version no more windows are kept. */
const ALL_KEPT = 1_000_000;
/** A window may be released after one that is newer: so many are looked at for what is new. */
const LATE_WINDOWS = 16;

/** A shadow beside the version that serves. */
export interface ShadowedVersion {
  readonly model: ModelName;
  /** In use. */
  readonly version: number;
  /** Windows that began before may be of another shadow. */
  readonly sinceMs: number;
}

interface Evidence {
  readonly version: number;
  readonly sinceMs: number;
  /** Names the newest releases. */
  readonly newest: string;
  readonly labels: ShadowLabels | null;
}

/** Reads from released windows what labels say of a shadow; again only after another window was released. */
export class ShadowEvidence {
  readonly #found = new Map<ModelName, Evidence>();

  constructor(
    private readonly parts: {
      readonly store: Pick<DriftStore, "listReleases" | "listViews">;
      readonly versions: Pick<MonitoredVersions, "of">;
    },
  ) {}

  /** Null where nothing was labelled or released, or the version has no reference profile. */
  async of({ model, version, sinceMs }: ShadowedVersion): Promise<ShadowLabels | null> {
    const { store, versions } = this.parts;
    const releases = await store.listReleases(model, { version, limit: LATE_WINDOWS });
    const monitored = await versions.of(model, version);
    if (releases.length === 0 || monitored === null) return null;
    const of = { version, sinceMs, newest: releases.map(({ window }) => window).join() };
    const known = this.#found.get(model);
    if (known !== undefined && isOf(known, of)) return known.labels;
    const { lengthMs } = monitored.profile.window;
    const views = await store.listViews({ model, version, cohort: WHOLE_FLEET, limit: ALL_KEPT });
    const labels = pooledShadowLabels(
      monitored,
      views.filter(({ window }) => window * lengthMs >= sinceMs),
    );
    this.#found.set(model, { ...of, labels });
    return labels;
  }
}

function isOf(known: Evidence, { version, sinceMs, newest }: Omit<Evidence, "labels">): boolean {
  return known.version === version && known.sinceMs === sinceMs && known.newest === newest;
}
