import { formatCount } from "../text/format.js";

export interface BarPart {
  readonly name: string;
  readonly value: number;
  /** CSS class of its colour. */
  readonly colour: string;
}

/** Parts of a whole in one bar; what is zero is left out. `label` says what the whole is. */
export function StackedBar({ parts, label }: { readonly parts: readonly BarPart[]; readonly label: string }) {
  const total = parts.reduce((sum, part) => sum + part.value, 0);
  const shown = parts.filter((part) => part.value > 0);
  const words = shown.map(({ name, value }) => `${formatCount(value)} ${name}`).join(", ");
  return (
    <div className="stacked-bar" role="img" aria-label={`${label}: ${words === "" ? "none" : words}`}>
      {shown.map((part) => (
        <span
          key={part.name}
          className={`stacked-part ${part.colour}`}
          title={`${formatCount(part.value)} ${part.name}`}
          style={{ flexGrow: part.value / total }}
        />
      ))}
    </div>
  );
}
