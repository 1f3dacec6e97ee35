import { defaultRolloutId } from "../../../src/rollouts/default-rollout-id.js";
import { overlaid, type Fields } from "../../../src/rollouts/overlaid.js";
import type { RolloutData, TemplateAnswer } from "../data/api-types.js";
import { draftOfComparison, requestOfComparison, type ComparisonDraft } from "./comparison-draft.js";

export type RolloutKind = RolloutData["config"]["kind"];

/** A rollout as a person describes it; numbers as they were typed. */
export interface Draft {
  readonly model: string;
  /** As it was typed or chosen; of a comparison the control. */
  readonly version: string;
  readonly kind: RolloutKind;
  readonly comparison: ComparisonDraft;
  /** Empty for a rollout that exists and stays as it is otherwise. */
  readonly template: string;
  readonly filter: string;
  readonly note: string;
  readonly needsApproval: boolean;
}

/** What the server is asked for, or what is missing still. */
export type DraftRequest =
  { readonly body: Fields; readonly missing: null } | { readonly body: null; readonly missing: string };

/** The newest version of the first model, by the standard template. */
export function firstDraft(
  models: readonly { readonly model: string; readonly latestVersion: number }[],
): Draft {
  const first = models[0];
  return {
    model: first?.model ?? "",
    version: first === undefined ? "" : String(first.latestVersion),
    kind: "release",
    comparison: draftOfComparison([], undefined),
    template: "staged",
    filter: "",
    note: "",
    needsApproval: false,
  };
}

export function draftOf({ config }: RolloutData): Draft {
  const { model, version, kind, arms, comparison, filter, note, needsApproval } = config;
  const others = (arms ?? []).slice(1);
  const compared = draftOfComparison(others, comparison);
  return {
    ...{ model, version: String(version), kind, comparison: compared, template: "" },
    ...{ filter, note, needsApproval },
  };
}

/**
 * A new rollout by its template. Its name is made of the time at which the page was opened, and is the same for the preview
 * and for the rollout itself: the name decides which devices are in which wave.
 */
export function requestOf(draft: Draft, openedAtMs: number): DraftRequest {
  if (draft.model === "") return { body: null, missing: "Choose a version first." };
  const rolloutId = defaultRolloutId(draft.model, Number(draft.version), openedAtMs);
  return withComparison(draft, { template: draft.template, rolloutId, ...saidIn(draft) });
}

/** A rollout that exists, with what the draft changes of it. */
export function editRequestOf(
  draft: Draft,
  present: RolloutData["config"],
  templates: TemplateAnswer["templates"],
): DraftRequest {
  const { arms: _arms, comparison: _comparison, ...kept } = present;
  const template = templates.find(({ name }) => name === draft.template);
  const base = template === undefined ? kept : overlaid(kept, template.config);
  return withComparison(draft, { ...base, rolloutId: present.rolloutId, ...saidIn(draft) });
}

function saidIn({ model, version, kind, filter, note, needsApproval }: Draft): Fields {
  return {
    ...{ model, version: Number(version), kind, needsApproval },
    ...{ filter: filter.trim(), note: note.trim() },
  };
}

function withComparison(draft: Draft, fields: Fields): DraftRequest {
  const compared = requestOfComparison(draft.kind, Number(draft.version), draft.comparison);
  if (typeof compared === "string") return { body: null, missing: compared };
  return { body: { ...fields, ...compared }, missing: null };
}
