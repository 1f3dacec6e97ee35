import { FedgeError, type PortShape } from "@fedge/protocol";
import { rowWidth, type ProfiledModel } from "../../drift/profiles/feature-drafts.js";

/** Where the model's tensors stand in a table. */
export interface ColumnPlan {
  readonly inputs: readonly { readonly port: PortShape; readonly columns: readonly number[] }[];
  readonly label: number | null;
  readonly fields: readonly number[];
}

export interface ColumnChoices {
  /** Column of the label; by default that with the name of the model's target, or `label`. */
  readonly label?: string;
  /** Columns that the app notes with `log`, and that are no inputs. */
  readonly fields: readonly string[];
  readonly leaveOut: readonly string[];
}

/**
 * An input is the column of its name (a list, or one number), or the columns `x[0]`, `x_0` or `x.0` and so on; the only
 * input of a model may be all columns that are left, in their order. Without a model every column is a field. Throws
 * OPTION_INVALID naming what is missing, and how to say it.
 */
export function planColumns(
  columns: readonly string[],
  model: ProfiledModel | null,
  choices: ColumnChoices,
): ColumnPlan {
  for (const name of [choices.label, ...choices.fields, ...choices.leaveOut])
    if (name !== undefined && !columns.includes(name))
      throw invalid(`the data have no column "${name}"; they have ${listed(columns)}`);
  const label = labelOf(columns, model, choices);
  const taken = new Set([label, ...choices.fields, ...choices.leaveOut].filter((name) => name !== null));
  const free = columns.filter((name) => !taken.has(name));
  const inputs = (model?.inputs ?? []).map((port) => ({
    port,
    columns: inputColumns(port, free, model?.inputs.length === 1).map((name) => columns.indexOf(name)),
  }));
  const used = new Set(inputs.flatMap((input) => input.columns));
  const fields = columns.flatMap((name, at) => {
    const isField = choices.fields.includes(name) || (free.includes(name) && !used.has(at));
    return isField && !choices.leaveOut.includes(name) ? [at] : [];
  });
  return { inputs, label: label === null ? null : columns.indexOf(label), fields };
}

function labelOf(
  columns: readonly string[],
  model: ProfiledModel | null,
  { label, fields, leaveOut }: ColumnChoices,
): string | null {
  if (label !== undefined) return label;
  const known = [model?.target?.name, model === null ? undefined : "label"];
  const isFree = (name: string): boolean =>
    columns.includes(name) && !fields.includes(name) && !leaveOut.includes(name);
  return known.find((name) => name !== undefined && isFree(name)) ?? null;
}

function inputColumns(port: PortShape, free: readonly string[], isOnly: boolean): readonly string[] {
  const { name } = port;
  if (free.includes(name)) return [name];
  const width = rowWidth(port);
  if (width === null)
    throw invalid(`input "${name}" has rows of any length; give JSON lines with a list named "${name}"`);
  for (const named of [
    (at: number) => `${name}[${at}]`,
    (at: number) => `${name}_${at}`,
    (at: number) => `${name}.${at}`,
  ]) {
    const all = Array.from({ length: width }, (_, at) => named(at));
    if (all.every((one) => free.includes(one))) return all;
  }
  if (isOnly && free.length === width) return free;
  throw invalid(
    `input "${name}" takes ${width} numbers a row, and ${free.length} columns are left for it; name the label with ` +
      `--label, what the app notes with --fields, and what is neither with --leave-out`,
  );
}

function listed(columns: readonly string[]): string {
  return columns.length > 20 ? `${columns.slice(0, 20).join(", ")}, …` : columns.join(", ");
}

function invalid(message: string): FedgeError {
  return new FedgeError("OPTION_INVALID", message);
}
