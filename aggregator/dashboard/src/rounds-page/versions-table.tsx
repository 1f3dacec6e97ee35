import { useMemo } from "react";
import type { OverviewData, VersionData } from "../data/fleet-state.js";
import { Badge } from "../parts/badge.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { formatBytes, formatCount, formatFraction, formatLoss, formatTime } from "../text/format.js";

const MAX_VERSIONS = 10;

export interface VersionsTableProps {
  readonly model: string | null;
  readonly versions: readonly VersionData[];
  readonly overview: OverviewData;
}

/** The newest versions of the model, what they score and who serves them. */
export function VersionsTable({ model, versions, overview }: VersionsTableProps) {
  const released = overview.releases.find((release) => release.model === model)?.version ?? null;
  const rows = useMemo(() => versions.slice(-MAX_VERSIONS).reverse(), [versions]);
  return (
    <Card
      title="Model versions"
      className="span-8 table-card"
      testId="versions-card"
      aside={model === null ? undefined : <code>{model}</code>}
    >
      <DataTable
        caption="Model versions, newest first"
        columns={columnsOf(released, overview.fleet.byServing)}
        rows={rows}
        keyOf={(version) => version.version}
        empty="No model yet. Import one with: fedge model import model.onnx --name my-model"
        testId="versions-table"
      />
    </Card>
  );
}

function columnsOf(
  released: number | null,
  byServing: OverviewData["fleet"]["byServing"],
): readonly Column<VersionData>[] {
  const serving = ({ model, version }: VersionData): string =>
    formatCount(byServing[`${model}@${version}`] ?? 0);
  return [
    {
      title: "Version",
      cell: ({ version }) => <VersionName number={version} isReleased={version === released} />,
    },
    {
      title: "From",
      cell: (version) => (version.parentVersion === null ? "import" : `v${version.parentVersion}`),
    },
    {
      title: "Accuracy",
      isNumber: true,
      cell: (version) => formatFraction(newest(version)?.accuracy ?? null),
    },
    { title: "Loss", isNumber: true, cell: (version) => formatLoss(newest(version)?.loss ?? null) },
    { title: "Updates", isNumber: true, cell: (version) => formatCount(version.numUpdates) },
    { title: "Examples", isNumber: true, cell: (version) => formatCount(version.numExamples) },
    { title: "Serving", isNumber: true, cell: serving },
    { title: "Checkpoint", isNumber: true, cell: (version) => formatBytes(version.checkpoint.sizeBytes) },
    { title: "Created", isNumber: true, cell: (version) => formatTime(version.createdAtMs) },
  ];
}

function VersionName({ number, isReleased }: { readonly number: number; readonly isReleased: boolean }) {
  return (
    <span>
      v{number} {isReleased && <Badge tone="good">released</Badge>}
    </span>
  );
}

function newest(version: VersionData): VersionData["evaluations"][number] | undefined {
  return version.evaluations.at(-1);
}
