import type { OutcomesData, Verdict } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { ShareList } from "../parts/share-list.js";
import { scoreText } from "./numbers.js";
import { ALL_VERDICTS, VERDICT_LOOKS } from "./verdict-looks.js";

/** What devices say of themselves: whether all changed a little, or a few completely. */
export function LocalStatesCard({ outcomes }: { readonly outcomes: OutcomesData }) {
  const verdicts = ALL_VERDICTS.map((verdict) => ({
    name: VERDICT_LOOKS[verdict].name,
    value: outcomes.localVerdicts[verdict] ?? 0,
    colour: `local-${toneOf(verdict)}`,
  })).filter(({ value }) => value > 0);
  const indexes = outcomes.localPsi.map(({ below, numDevices }, at, all) => ({
    name: psiRange(all[at - 1]?.below ?? 0, below),
    value: numDevices,
    colour: "local-busy",
  }));
  return (
    <Card title="What devices say themselves" className="span-6" testId="local-states">
      <p className="quiet">
        All a little, or a few completely? Each device judges its own window against the same reference.
      </p>
      <h3 className="sub-title">Devices by their own verdict</h3>
      <ShareList shares={verdicts} label="Devices by their own verdict" />
      <h3 className="sub-title">Devices by their greatest PSI</h3>
      <ShareList shares={indexes} label="Devices by their greatest PSI" />
    </Card>
  );
}

function toneOf(verdict: Verdict): string {
  return VERDICT_LOOKS[verdict].tone;
}

function psiRange(from: number, below: number | null): string {
  if (below === null) return `${scoreText(from)} or more`;
  return from === 0 ? `below ${scoreText(below)}` : `${scoreText(from)} to ${scoreText(below)}`;
}
