import { useId, useState, type FormEvent } from "react";
import type { TemplateAnswer } from "../data/api-types.js";
import type { OverviewData, VersionData } from "../data/fleet-state.js";
import { asError, hasCode, type Loaded } from "../data/use-loaded.js";
import { FilterField } from "../parts/filter-field.js";
import { Problem } from "../parts/problem.js";
import { ComparisonFields } from "./comparison-fields.js";
import type { Draft } from "./draft.js";
import { KindChoice } from "./kind-choice.js";
import { TemplateChoice } from "./template-choice.js";
import { VersionChoice } from "./version-choice.js";

export interface CreateFormProps {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  readonly models: OverviewData["models"];
  readonly versions: readonly VersionData[];
  readonly templates: Loaded<TemplateAnswer>;
  /** What the preview of the draft came to. */
  readonly problem: { readonly filter: string; readonly error: Error } | null;
  /** Why this person cannot create rollouts; null when he can. */
  readonly refusal: string | null;
  /** What the draft does not say yet; null when it is whole. */
  readonly missing: string | null;
  /** True for a rollout that exists already. */
  readonly isEdit: boolean;
  readonly onCreate: () => Promise<void>;
}

/** Version, kind, template, filter and note of a rollout. */
export function CreateForm(props: CreateFormProps) {
  const { draft, onChange, problem } = props;
  const [failure, setFailure] = useState<Error | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isBusy || props.refusal !== null) return;
    setIsBusy(true);
    setFailure(null);
    props.onCreate().catch((cause: unknown) => {
      setFailure(asError(cause));
      setIsBusy(false);
    });
  };
  const isFilter = problem !== null && hasCode(problem.error, "FILTER_INVALID");
  const isBlocked = isBusy || props.refusal !== null || props.missing !== null || isFilter;
  return (
    <form className="create-form" onSubmit={submit} aria-busy={isBusy} data-testid="create-form">
      <VersionChoice {...props} />
      <KindChoice {...props} />
      <ComparisonFields {...props} />
      <TemplateChoice {...props} />
      <FilterField
        label="Which devices (all when empty)"
        value={draft.filter}
        onChange={(filter) => onChange({ ...draft, filter })}
        problem={isFilter ? problem : null}
        placeholder="platform == browser*"
        hint="The same language as on the Fleet page."
      />
      <NoteAndApproval draft={draft} onChange={onChange} />
      {failure !== null && <Problem error={failure} testId="create-problem" />}
      <Obstacles {...props} />
      <CreateButton isDisabled={isBlocked} isEdit={props.isEdit} />
    </form>
  );
}

function Obstacles({ refusal, missing }: Pick<CreateFormProps, "refusal" | "missing">) {
  return (
    <>
      {refusal !== null && <p className="field-error">{refusal}</p>}
      {missing !== null && (
        <p className="quiet" role="status" data-testid="missing">
          {missing}
        </p>
      )}
    </>
  );
}

function CreateButton(props: { readonly isDisabled: boolean; readonly isEdit: boolean }) {
  return (
    <div className="dialog-buttons">
      <button
        type="submit"
        className="action-button"
        data-tone="main"
        disabled={props.isDisabled}
        data-testid="create"
      >
        {props.isEdit ? "Save; an approval given before is void" : "Create; it does not start by itself"}
      </button>
    </div>
  );
}

function NoteAndApproval({ draft, onChange }: Pick<CreateFormProps, "draft" | "onChange">) {
  const id = useId();
  return (
    <>
      <div className="field">
        <label htmlFor={`${id}-note`}>Note</label>
        <textarea
          id={`${id}-note`}
          rows={2}
          maxLength={1024}
          value={draft.note}
          placeholder="What is new, and why now"
          onChange={(event) => onChange({ ...draft, note: event.target.value })}
          data-testid="note"
        />
      </div>
      <label className="check">
        <input
          type="checkbox"
          checked={draft.needsApproval}
          onChange={(event) => onChange({ ...draft, needsApproval: event.target.checked })}
          data-testid="needs-approval"
        />
        Somebody else has to approve it
      </label>
    </>
  );
}
