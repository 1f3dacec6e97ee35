import type { OutcomesData } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { NONE, formatCount } from "../text/format.js";
import { pText, scoreText, shareText } from "./numbers.js";

type Measure = "accuracy" | "recallAtK" | "macroF1" | "logLoss" | "rmse";
type ShadowData = NonNullable<OutcomesData["shadow"]>;
type Bin = OutcomesData["calibration"][number];

const MEASURES: readonly { readonly measure: Measure; readonly name: string; readonly isShare: boolean }[] = [
  { measure: "accuracy", name: "Accuracy", isShare: true },
  { measure: "recallAtK", name: "Recall among the first", isShare: true },
  { measure: "macroF1", name: "F1, mean of classes", isShare: false },
  { measure: "logLoss", name: "Log loss", isShare: false },
  { measure: "rmse", name: "Root mean square error", isShare: false },
];

/** How well the model does by the labels that came, and what its scores promise where none did. */
export function OutcomesCard(props: {
  readonly outcomes: OutcomesData;
  readonly others: readonly OutcomesData[];
}) {
  const { outcomes, others } = props;
  return (
    <Card title="How well it does" className="span-12 table-card" testId="outcomes-card">
      <p data-testid="outcomes-coverage">
        {coverageText(outcomes)}
        {outcomes.numFailed > 0 && ` ${formatCount(outcomes.numFailed)} predictions failed.`}
      </p>
      <DataTable
        caption="Measures by version"
        columns={versionColumns(outcomes)}
        rows={[outcomes, ...others]}
        keyOf={({ version }) => version}
        empty=""
        testId="outcomes-table"
      />
      <Estimated outcomes={outcomes} />
      <ShadowText outcomes={outcomes} />
      {outcomes.calibration.some(({ numRows }) => numRows > 0) && <Calibration bins={outcomes.calibration} />}
    </Card>
  );
}

function coverageText(outcomes: OutcomesData): string {
  if (outcomes.withheld.includes("labels")) return "Too few devices have labels to show what they say.";
  const [numLabelled, numSeen] = [formatCount(outcomes.numLabelled), formatCount(outcomes.numSeen)];
  const numDevices = formatCount(outcomes.numLabellingDevices);
  const share = shareText(outcomes.labelCoverage);
  return `${numLabelled} of ${numSeen} predictions have a label (${share}), on ${numDevices} devices: measures speak of these alone.`;
}

/** Only measures that the window has. */
function versionColumns(outcomes: OutcomesData): readonly Column<OutcomesData>[] {
  const measured = MEASURES.filter(({ measure }) => outcomes[measure] !== null);
  return [
    { title: "Version", isNumber: true, cell: ({ version }) => version },
    { title: "Devices", isNumber: true, cell: ({ numDevices }) => formatCount(numDevices) },
    { title: "Labelled", isNumber: true, cell: ({ labelCoverage }) => shareText(labelCoverage) },
    ...measured.map(({ measure, name, isShare }) => ({
      title: name,
      isNumber: true,
      cell: (row: OutcomesData) => measureText(row, measure, isShare),
    })),
    {
      title: "Latency, 95th percentile",
      isNumber: true,
      cell: ({ latencyP95Us }) => (latencyP95Us === null ? NONE : `${scoreText(latencyP95Us / 1000)} ms`),
    },
  ];
}

/** With twice the standard error by the groups of devices, where there is one. */
function measureText(row: OutcomesData, measure: Measure, isShare: boolean): string {
  const value = row[measure];
  const text = isShare ? shareText : scoreText;
  const error = row.errors[measure];
  if (value === null) return NONE;
  return error === undefined ? text(value) : `${text(value)} ± ${text(2 * error)}`;
}

function Estimated({ outcomes: { estimated } }: { readonly outcomes: OutcomesData }) {
  if (estimated.conditions.length === 0) return null;
  return (
    <>
      <h3 className="sub-title">Accuracy that the scores promise, without labels</h3>
      <p>{estimated.value === null ? "Withdrawn." : shareText(estimated.value)}</p>
      <ul className="plain-list">
        {estimated.conditions.map(({ text, holds }) => (
          <li key={text}>
            <span className="quiet">{holds === null ? "not known" : holds ? "holds" : "does not hold"}:</span>{" "}
            {text}
          </li>
        ))}
      </ul>
    </>
  );
}

function ShadowText({ outcomes: { shadow, errors, withheld } }: { readonly outcomes: OutcomesData }) {
  if (shadow === null) return null;
  const { agreement, numFailed, numLabelled, labelCoverage } = shadow;
  return (
    <>
      <h3 className="sub-title">In its shadow</h3>
      <p data-testid="outcomes-shadow">
        The two agree in {shareText(agreement)} of the predictions that both answered
        {numFailed > 0 && `; the shadow failed at ${formatCount(numFailed)}`}.{" "}
        {numLabelled === 0
          ? withheld.includes("shadow-labels")
            ? "Too few devices have labels of them to show what they say."
            : "None of them has a label yet."
          : `${shareText(labelCoverage)} of them have a label: ${judgedText(shadow, errors["shadowDifference"])}.`}
      </p>
    </>
  );
}

/** The 2x2 in words, with the difference of accuracies and twice its error by the groups of devices. */
function judgedText(shadow: ShadowData, error: number | undefined): string {
  const { onlyServed, onlyShadow, bothRight, bothWrong, difference, pValue } = shadow;
  const points = difference === null ? NONE : scoreText(100 * difference);
  return [
    `both are right in ${formatCount(bothRight)}, only the served one in ${formatCount(onlyServed)}`,
    `only the shadow in ${formatCount(onlyShadow)}, neither in ${formatCount(bothWrong)}`,
    `the shadow's accuracy differs by ${points}${error === undefined ? "" : ` ± ${scoreText(200 * error)}`} points`,
    ...(pValue === null ? [] : [`p = ${pText(Math.log(pValue))} (McNemar)`]),
  ].join(", ");
}

function Calibration({ bins }: { readonly bins: readonly Bin[] }) {
  return (
    <>
      <h3 className="sub-title">Does a score keep what it promises?</h3>
      <DataTable
        caption="Calibration: scores and how often they were right"
        columns={BIN_COLUMNS}
        rows={bins.filter(({ numRows }) => numRows > 0)}
        keyOf={({ from }) => from}
        empty=""
      />
    </>
  );
}

const BIN_COLUMNS: readonly Column<Bin>[] = [
  { title: "Score", isNumber: true, cell: ({ from, to }) => `${from.toFixed(1)}–${to.toFixed(1)}` },
  { title: "Rows", isNumber: true, cell: ({ numRows }) => formatCount(numRows) },
  { title: "Mean score", isNumber: true, cell: ({ meanScore }) => shareText(meanScore) },
  { title: "Labelled", isNumber: true, cell: ({ numLabelled }) => formatCount(numLabelled) },
  { title: "Right", isNumber: true, cell: ({ accuracy }) => shareText(accuracy) },
  {
    title: "95 % interval",
    isNumber: true,
    cell: ({ interval }) =>
      interval === null ? NONE : `${shareText(interval[0])}–${shareText(interval[1])}`,
  },
];
