import { useId } from "react";
import { COMPARED_METRICS } from "../../../src/rollouts/compared-metrics.js";
import type { CreateFormProps } from "./create-form.js";
import type { ComparisonDraft } from "./comparison-draft.js";
import { metricName } from "./rollout-looks.js";

type FieldProps = Pick<CreateFormProps, "draft" | "onChange" | "versions">;

/** What a comparison states before it starts: with whom, by what, until when, and how surely. */
export function ComparisonFields(props: FieldProps) {
  const { draft, onChange } = props;
  const change = (fields: Partial<ComparisonDraft>): void =>
    onChange({ ...draft, comparison: { ...draft.comparison, ...fields } });
  if (draft.kind === "release") return null;
  const isShadow = draft.kind === "shadow";
  return (
    <fieldset className="field comparison-fields" data-testid="comparison-fields">
      <legend>Protocol, stated before it starts</legend>
      {!isShadow && <Others {...props} />}
      {!isShadow && <MetricChoice metric={draft.comparison.metric} onChange={change} />}
      <div className="field-row">
        <NumberField
          label={isShadow ? "Ends after hours (open when empty)" : "Decided after hours"}
          field="horizonHours"
          draft={draft.comparison}
          onChange={change}
        />
        {!isShadow && (
          <NumberField
            label="Smallest difference, % points"
            field="effectPercent"
            draft={draft.comparison}
            onChange={change}
          />
        )}
      </div>
      {!isShadow && (
        <div className="field-row">
          <NumberField label="Level, %" field="alphaPercent" draft={draft.comparison} onChange={change} />
          <NumberField label="Power, %" field="powerPercent" draft={draft.comparison} onChange={change} />
        </div>
      )}
    </fieldset>
  );
}

/** Versions beside the control, which is the version above: one for ab, up to seven for a bandit. */
function Others({ draft, onChange, versions }: FieldProps) {
  const name = useId();
  const { others } = draft.comparison;
  const isSingle = draft.kind === "ab";
  const rows = [...versions].reverse().filter(({ version }) => String(version) !== draft.version);
  const toggle = (version: number): void => {
    const rest = isSingle ? [] : others.filter((other) => other !== version);
    const isAdded = isSingle || !others.includes(version);
    const chosen = isAdded ? [...rest, version].sort((one, other) => one - other) : rest;
    onChange({ ...draft, comparison: { ...draft.comparison, others: chosen } });
  };
  return (
    <fieldset className="field">
      <legend>
        Against version {draft.version}, the control{isSingle ? "" : ": one or more"}
      </legend>
      {rows.length === 0 && <p className="quiet">There is no other version yet.</p>}
      <div className="arm-choice">
        {rows.map(({ version }) => (
          <label key={version} className="check">
            <input
              type={isSingle ? "radio" : "checkbox"}
              name={name}
              checked={others.includes(version)}
              onChange={() => toggle(version)}
              data-testid={`arm-${version}`}
            />
            {version}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function MetricChoice(props: {
  readonly metric: string;
  readonly onChange: (fields: Partial<ComparisonDraft>) => void;
}) {
  const id = useId();
  const isProxy = props.metric.startsWith("proxy:");
  return (
    <div className="field-row">
      <div className="field">
        <label htmlFor={id}>By</label>
        <select
          id={id}
          value={isProxy ? "proxy:" : props.metric}
          onChange={(event) => props.onChange({ metric: event.target.value })}
          data-testid="compared-metric"
        >
          {COMPARED_METRICS.map((metric) => (
            <option key={metric} value={metric}>
              {metricName(metric)}
            </option>
          ))}
          <option value="proxy:">what apps log (proxy)</option>
        </select>
      </div>
      {isProxy && <ProxyName id={`${id}-proxy`} {...props} />}
    </div>
  );
}

function ProxyName(props: {
  readonly id: string;
  readonly metric: string;
  readonly onChange: (fields: Partial<ComparisonDraft>) => void;
}) {
  return (
    <div className="field">
      <label htmlFor={props.id}>Name of the proxy</label>
      <input
        id={props.id}
        value={props.metric.slice("proxy:".length)}
        maxLength={48}
        spellCheck={false}
        placeholder="accepted"
        onChange={(event) => props.onChange({ metric: `proxy:${event.target.value.trim()}` })}
        data-testid="proxy-name"
      />
    </div>
  );
}

function NumberField(props: {
  readonly label: string;
  readonly field: Exclude<keyof ComparisonDraft, "others" | "metric">;
  readonly draft: ComparisonDraft;
  readonly onChange: (fields: Partial<ComparisonDraft>) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        inputMode="decimal"
        maxLength={12}
        value={props.draft[props.field]}
        onChange={(event) => props.onChange({ [props.field]: event.target.value })}
        data-testid={props.field}
      />
    </div>
  );
}
