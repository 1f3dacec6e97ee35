import { useId } from "react";
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
      {templates.length === 0 && <p className="quiet">Loading</p>}
      {templates.map(({ name, description }) => (
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
