import type { ModelName } from "@fedge/protocol";
import type { GateView } from "../rollout-view.js";

/** What the fleet's released counts say of a version's inputs; null when nothing was released. */
export type VerdictOfVersion = (model: ModelName, version: number) => Promise<string | null>;

const BAD: ReadonlySet<string> = new Set(["drift", "broken_data"]);

/**
 * The gate with what the fleet's counts say: it fails when the new version's inputs have drifted or are broken and those of the
 * version before have not. What both have is the world's, not the version's; no released window leaves the gate as it is.
 */
export async function withFleetVerdict(
  view: GateView,
  versions: { readonly model: ModelName; readonly version: number; readonly control: number | null },
  verdictOf: VerdictOfVersion,
): Promise<GateView> {
  const { model, version, control } = versions;
  const now = await verdictOf(model, version);
  if (now === null || !BAD.has(now)) return view;
  const before = control === null ? null : await verdictOf(model, control);
  if (before !== null && BAD.has(before)) return view;
  const against = before === null ? "" : `, and of version ${control} ${before}`;
  return {
    ...view,
    verdict: "fail",
    reason: `the fleet's counts of version ${version} say ${now}${against}`,
  };
}
