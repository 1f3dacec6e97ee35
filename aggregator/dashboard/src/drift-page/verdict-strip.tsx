import type { ModelVerdictData } from "../data/api-types.js";
import { formatDateTime } from "../text/format.js";
import { VERDICT_LOOKS, verdictCounts } from "./verdict-looks.js";

type Recent = ModelVerdictData["recent"];

/** The windows of a model side by side, oldest first: a sign and a colour for each verdict. */
export function VerdictStrip({ recent, model }: { readonly recent: Recent; readonly model: string }) {
  if (recent.length === 0) return <p className="quiet">No window yet.</p>;
  return (
    <div className="verdict-strip" role="img" aria-label={stripText(model, recent)}>
      {recent.map((window) => (
        <span
          key={window.window}
          className="strip-cell"
          data-verdict={window.verdict}
          title={`${formatDateTime(window.beginsAtMs)}: ${VERDICT_LOOKS[window.verdict].name}`}
        >
          {VERDICT_LOOKS[window.verdict].sign}
        </span>
      ))}
    </div>
  );
}

function stripText(model: string, recent: Recent): string {
  const [first, last] = [recent[0], recent.at(-1)];
  if (first === undefined || last === undefined) return `${model}: no window yet`;
  const span = `${recent.length} windows of ${model} since ${formatDateTime(first.beginsAtMs)}`;
  const newest = VERDICT_LOOKS[last.verdict].name;
  return `${span}: ${verdictCounts(recent.map(({ verdict }) => verdict))}; the newest: ${newest}`;
}
