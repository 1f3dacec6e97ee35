/** A rollout as a person describes it. */
export interface Draft {
  readonly model: string;
  /** As it was typed or chosen. */
  readonly version: string;
  readonly template: string;
  readonly filter: string;
  readonly note: string;
  readonly needsApproval: boolean;
}

/** What the server is asked for. */
export interface DraftRequest {
  readonly template: string;
  readonly model: string;
  readonly version: number;
  readonly filter: string;
  readonly note: string;
  readonly needsApproval: boolean;
}

/** The newest version of the first model, by the standard template. */
export function firstDraft(
  models: readonly { readonly model: string; readonly latestVersion: number }[],
): Draft {
  const first = models[0];
  return {
    model: first?.model ?? "",
    version: first === undefined ? "" : String(first.latestVersion),
    template: "staged",
    filter: "",
    note: "",
    needsApproval: false,
  };
}

export function requestOf(draft: Draft): DraftRequest {
  const { template, model, needsApproval } = draft;
  const [filter, note] = [draft.filter.trim(), draft.note.trim()];
  return { template, model, version: Number(draft.version), filter, note, needsApproval };
}
