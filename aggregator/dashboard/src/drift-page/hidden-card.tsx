import type { ModelDriftData, WindowsData } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { formatCount, formatDateTime } from "../text/format.js";
import { hiddenOf, layoutText, type Hidden } from "./hidden.js";

type Refused = ModelDriftData["refused"][number];

const REFUSALS: Readonly<Record<Refused["reason"], string>> = {
  late: "came after the window was released",
  "not-begun": "of a window that has not begun: the device's clock is wrong",
  layout: "counted in another layout than the version's, which is never added up",
  invalid: "no device can have counted that: more than its share, or sums that do not fit",
};

/** What is not displayed, and why: so that a gap is never taken for calm. */
export function HiddenCard(props: {
  readonly model: ModelDriftData;
  readonly windows: WindowsData["windows"];
}) {
  const { model, windows } = props;
  const hidden = hiddenOf(windows, model.minDevices);
  return (
    <Card title="What is not displayed, and why" className="span-12 table-card" testId="hidden-card">
      <ul className="plain-list">
        <li>
          Cohorts of fewer than {formatCount(model.minDevices)} devices, and those that subtraction from
          others would show; of labels and whatever else only some devices count, what fewer than as many
          counted; no device&rsquo;s own counts, ever.
        </li>
        <li>{layoutText(model.layouts)}</li>
        {model.refused.map(({ version, reason, numWindows }) => (
          <li key={`${version} ${reason}`}>
            {formatCount(numWindows)} {numWindows === 1 ? "window" : "windows"} of devices, version {version}:{" "}
            {REFUSALS[reason]} (since the server began).
          </li>
        ))}
      </ul>
      <DataTable
        caption="What of the last windows is not shown"
        columns={COLUMNS}
        rows={hidden}
        keyOf={({ what, reason }) => `${what} ${reason}`}
        empty="Everything of the last windows is shown."
        testId="hidden-table"
      />
    </Card>
  );
}

const COLUMNS: readonly Column<Hidden>[] = [
  { title: "What", cell: ({ what }) => what },
  { title: "Why", cell: ({ text }) => <span className="wrapped">{text}</span> },
  { title: "Windows", isNumber: true, cell: ({ numWindows }) => formatCount(numWindows) },
  { title: "Last", cell: ({ lastAtMs }) => formatDateTime(lastAtMs) },
];
