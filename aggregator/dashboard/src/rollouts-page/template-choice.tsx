import { useId } from "react";
import { Problem } from "../parts/problem.js";
import type { CreateFormProps } from "./create-form.js";

/** By which template; each says in a line what it does. */
export function TemplateChoice({
  draft,
  onChange,
  templates,
  isEdit,
}: Pick<CreateFormProps, "draft" | "onChange" | "templates" | "isEdit">) {
  const id = useId();
  const kept = { name: "", label: "as it is", description: "waves, gates and conditions stay" };
  const named = (templates.data?.templates ?? []).map((each) => ({ ...each, label: each.name }));
  const choices = isEdit ? [kept, ...named] : named;
  return (
    <fieldset className="field template-choice">
      <legend>Template</legend>
      {templates.error !== null && <Problem error={templates.error} />}
      {templates.data === null && templates.error === null && <p className="quiet">Loading</p>}
      {choices.map(({ name, label, description }) => (
        <label key={name} className="template">
          <input
            type="radio"
            name={id}
            value={name}
            checked={draft.template === name}
            onChange={() => onChange({ ...draft, template: name })}
            data-testid={`template-${name === "" ? "kept" : name}`}
          />
          <span>
            <b>{label}</b>
            <span className="quiet">{description}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
