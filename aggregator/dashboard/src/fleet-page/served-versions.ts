import type { Share } from "../parts/share-list.js";

export interface ServedModel {
  readonly model: string;
  /** Newest version first. */
  readonly shares: readonly Share[];
}

/** Versions of a model that get a line of their own; the rest share one. */
const MAX_VERSIONS = 5;

/** Devices by version of each model, from counts by `model@version`. */
export function servedByModel(byServing: Readonly<Record<string, number>>): readonly ServedModel[] {
  const models = new Map<string, { version: number; value: number }[]>();
  for (const [served, value] of Object.entries(byServing)) {
    const at = served.lastIndexOf("@");
    const model = served.slice(0, at);
    models.set(model, [...(models.get(model) ?? []), { version: Number(served.slice(at + 1)), value }]);
  }
  return [...models]
    .map(([model, rows]) => ({ model, shares: sharesOf(rows) }))
    .sort((a, b) => (a.model < b.model ? -1 : 1));
}

function sharesOf(rows: readonly { version: number; value: number }[]): readonly Share[] {
  const sorted = [...rows].sort((a, b) => b.version - a.version);
  const shown = sorted
    .slice(0, MAX_VERSIONS)
    .map(({ version, value }) => ({ name: `version ${version}`, value, colour: "serving-version" }));
  const rest = sorted.slice(MAX_VERSIONS).reduce((sum, row) => sum + row.value, 0);
  return rest === 0 ? shown : [...shown, { name: "older versions", value: rest, colour: "serving-older" }];
}
