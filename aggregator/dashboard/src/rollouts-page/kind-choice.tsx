import { useId } from "react";
import type { CreateFormProps } from "./create-form.js";
import type { RolloutKind } from "./draft.js";

const KINDS: readonly (readonly [kind: RolloutKind, description: string])[] = [
  ["release", "replaces what devices serve, wave by wave"],
  ["shadow", "runs beside what devices serve, and only counts how often both agree"],
  ["ab", "two versions in equal shares until a horizon; a test decides"],
  ["bandit", "several versions; the better one is given to more devices"],
];

/** What becomes of the version: it is released, or only compared. */
export function KindChoice({ draft, onChange }: Pick<CreateFormProps, "draft" | "onChange">) {
  const name = useId();
  return (
    <fieldset className="field kind-choice">
      <legend>Kind</legend>
      {KINDS.map(([kind, description]) => (
        <label key={kind} className="template">
          <input
            type="radio"
            name={name}
            value={kind}
            checked={draft.kind === kind}
            onChange={() => onChange({ ...draft, kind })}
            data-testid={`kind-${kind}`}
          />
          <span>
            <b>{kind}</b>
            <span className="quiet">{description}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
