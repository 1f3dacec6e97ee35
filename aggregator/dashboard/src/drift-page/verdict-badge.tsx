import type { Verdict } from "../data/api-types.js";
import { VERDICT_LOOKS } from "./verdict-looks.js";

/** A verdict by sign and word. */
export function VerdictBadge({ verdict }: { readonly verdict: Verdict }) {
  const { name, tone, sign } = VERDICT_LOOKS[verdict];
  return (
    <span className="badge" data-tone={tone} data-verdict={verdict}>
      <span aria-hidden="true">{sign} </span>
      {name}
    </span>
  );
}
