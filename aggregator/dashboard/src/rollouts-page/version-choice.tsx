import { useId } from "react";
import { formatFraction } from "../text/format.js";
import type { CreateFormProps } from "./create-form.js";

/** Which version of which model. */
export function VersionChoice(props: Pick<CreateFormProps, "draft" | "onChange" | "models" | "versions">) {
  const { draft, onChange, models } = props;
  const id = useId();
  const chooseModel = (model: string): void => {
    const latest = models.find((known) => known.model === model)?.latestVersion;
    onChange({ ...draft, model, version: latest === undefined ? "" : String(latest) });
  };
  return (
    <div className="field-row">
      <div className="field">
        <label htmlFor={`${id}-model`}>Model</label>
        <select
          id={`${id}-model`}
          value={draft.model}
          onChange={(event) => chooseModel(event.target.value)}
          data-testid="model"
        >
          {models.length === 0 && <option value="">import a model first</option>}
          {models.map(({ model }) => (
            <option key={model}>{model}</option>
          ))}
        </select>
      </div>
      <VersionSelect {...props} id={`${id}-version`} />
    </div>
  );
}

function VersionSelect({
  draft,
  onChange,
  versions,
  id,
}: Pick<CreateFormProps, "draft" | "onChange" | "versions"> & { readonly id: string }) {
  const rows = [...versions].reverse();
  const isKnown = rows.some(({ version }) => String(version) === draft.version);
  return (
    <div className="field">
      <label htmlFor={id}>Version</label>
      <select
        id={id}
        value={draft.version}
        onChange={(event) => onChange({ ...draft, version: event.target.value })}
        data-testid="version"
      >
        {!isKnown && <option value={draft.version}>{draft.version}</option>}
        {rows.map(({ version, evaluations, released }) => (
          <option key={version} value={version}>
            {version}
            {accuracyText(evaluations.at(-1)?.accuracy ?? null)}
            {released ? ", released" : ""}
          </option>
        ))}
      </select>
    </div>
  );
}

function accuracyText(accuracy: number | null): string {
  return accuracy === null ? "" : `, accuracy ${formatFraction(accuracy)}`;
}
