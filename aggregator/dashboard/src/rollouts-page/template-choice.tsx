import { useId } from "react";
import { Problem } from "../parts/problem.js";
import type { CreateFormProps } from "./create-form.js";

/** By which template; each says in a line what it does. */
export function TemplateChoice({
  draft,
  onChange,
  templates,
}: Pick<CreateFormProps, "draft" | "onChange" | "templates">) {
  const id = useId();
  return (
    <fieldset className="field template-choice">
      <legend>Template</legend>
      {templates.error !== null && <Problem error={templates.error} />}
      {templates.data === null && templates.error === null && <p className="quiet">Loading</p>}
      {templates.data?.templates.map(({ name, description }) => (
        <label key={name} className="template">
          <input
            type="radio"
            name={id}
            value={name}
            checked={draft.template === name}
            onChange={() => onChange({ ...draft, template: name })}
            data-testid={`template-${name}`}
          />
          <span>
            <b>{name}</b>
            <span className="quiet">{description}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
