import { useId } from "react";
import { filterPlace } from "./filter-place.js";

export interface FilterFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** The filter that the error is about, and the error. */
  readonly problem: { readonly filter: string; readonly error: Error } | null;
  readonly placeholder: string;
  /** Said in the place of a mistake while there is none. */
  readonly hint: string;
}

/** A device filter; a mistake is shown at its place. The line for it is always there, so that nothing moves. */
export function FilterField(props: FilterFieldProps) {
  const id = useId();
  const { problem } = props;
  return (
    <div className="filter-field">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className="filter-input"
        value={props.value}
        spellCheck={false}
        autoCapitalize="none"
        autoComplete="off"
        placeholder={props.placeholder}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-problem`}
        onChange={(event) => props.onChange(event.target.value)}
        data-testid="filter"
      />
      <div id={`${id}-problem`} className="filter-problem" role="status" data-testid="filter-problem">
        {problem === null ? <span className="quiet">{props.hint}</span> : <FilterProblem {...problem} />}
      </div>
    </div>
  );
}

function FilterProblem({ filter, error }: { readonly filter: string; readonly error: Error }) {
  const place = filterPlace(error, filter);
  return (
    <>
      {place !== null && (
        <code className="filter-place" aria-hidden="true">
          {place.before}
          <mark>{place.at === "" ? "\u00a0" : place.at}</mark>
          {place.after}
        </code>
      )}
      <span className="field-error">{error.message}</span>
    </>
  );
}
