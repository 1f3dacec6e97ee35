import type { ModelName } from "@fedge/protocol";
import type { DriftStore } from "../drift-store.js";
import type { MonitoredVersions } from "../references/monitored-version.js";
import { WHOLE_FLEET } from "../sums/window-key.js";
import { pooledShadowLabels, type ShadowLabels } from "./shadow-labels.js";

/** Windows of a comparison: the newest. */
const MOST_WINDOWS = 366;

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
  readonly newestWindow: number;
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
    const [newest] = await store.listReleases(model, { version, limit: 1 });
    const monitored = await versions.of(model, version);
    if (newest === undefined || monitored === null) return null;
    const of = { version, sinceMs, newestWindow: newest.window };
    const known = this.#found.get(model);
    if (known !== undefined && isOf(known, of)) return known.labels;
    const { lengthMs } = monitored.profile.window;
    const views = await store.listViews({ model, version, cohort: WHOLE_FLEET, limit: MOST_WINDOWS });
    const labels = pooledShadowLabels(
      monitored,
      views.filter(({ window }) => window * lengthMs >= sinceMs),
    );
    this.#found.set(model, { ...of, labels });
    return labels;
  }
}

function isOf(known: Evidence, { version, sinceMs, newestWindow }: Omit<Evidence, "labels">): boolean {
  return known.version === version && known.sinceMs === sinceMs && known.newestWindow === newestWindow;
}
