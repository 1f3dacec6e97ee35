import type { FeatureData } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { IntervalChart } from "../rollouts-page/interval-chart.js";
import { formatCount } from "../text/format.js";
import { chanceText, effectText, effectsIn, verdictText, type Effect } from "./feature-words.js";
import { scoreText } from "./numbers.js";

/** Which statistic, which number, which limit, and why this verdict. */
export function FormulaCard({ feature }: { readonly feature: FeatureData }) {
  const [score] = feature.scores;
  return (
    <Card title="How this verdict comes about" className="span-12" testId="formula-card">
      <div className="formula">
        {score !== undefined && (
          <p>
            Compared are {formatCount(score.numReferenceRows)} rows of the reference with{" "}
            {formatCount(feature.numRows)} rows of {formatCount(feature.numDevices)} devices, in the{" "}
            {feature.cells.length} cells above. Missing values, values of the wrong type and those out of
            range have cells of their own; nothing is dropped.
          </p>
        )}
        <h3 className="sub-title">1. Is it more than chance?</h3>
        <p data-testid="chance">{chanceText(feature)}</p>
        <h3 className="sub-title">2. Is it large enough to matter?</h3>
        <ul className="gate-list">
          {effectsIn(feature).map((effect) => (
            <EffectRow key={effect.method} effect={effect} numGroups={feature.numGroups} />
          ))}
        </ul>
        <h3 className="sub-title">3. The verdict</h3>
        <p data-testid="why">
          <strong>{verdictText(feature)}</strong>
        </p>
        {feature.suggestedFloor !== null && (
          <p className="quiet">
            By alerts that people called false, a floor of {scoreText(feature.suggestedFloor.floor)} for{" "}
            {feature.suggestedFloor.method} would be quieter: <code>fedge profile review</code>, then{" "}
            <code>attach</code>.
          </p>
        )}
      </div>
    </Card>
  );
}

function EffectRow({ effect, numGroups }: { readonly effect: Effect; readonly numGroups: number }) {
  const { name, formula, value, lower, upper, limit, isAbove } = effect;
  const label = `${name}: ${scoreText(value)}, between ${scoreText(lower)} and ${scoreText(upper)}, limit ${scoreText(limit)}`;
  return (
    <li className="gate" data-tone={isAbove ? "bad" : "good"} data-testid={`effect-${effect.method}`}>
      <div className="gate-what">
        <h4>{name}</h4>
        <p className="quiet">{formula}.</p>
      </div>
      <div className="gate-picture">
        <IntervalChart
          comparison={{ value, control: 0, interval: [lower, upper], limit }}
          tone={isAbove ? "bad" : "good"}
          label={label}
        />
        <p>{effectText(effect, numGroups)}</p>
      </div>
    </li>
  );
}
