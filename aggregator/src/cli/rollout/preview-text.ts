import type { PreviewBody } from "../../http/schema/rollout-schema.js";
import type { RolloutConfig } from "../../rollouts/rollout-config.js";
import { RETURN_TEXT, planLines, waveText } from "../../rollouts/plan-text.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";

interface Row {
  readonly wave: PreviewBody["waves"][number];
  readonly why: string;
}

const SHOWN_DEVICES = 3;

const COLUMNS: readonly TableColumn<Row>[] = [
  { title: "WAVE", cell: ({ wave }) => wave.name },
  { title: "DEVICES", isNumber: true, cell: ({ wave }) => String(wave.numDevices) },
  { title: "WHY", cell: ({ why }) => why },
  { title: "SUCH AS", cell: ({ wave }) => firstDevices(wave) },
];

/** For people: what each wave would reach and why, whom none reaches, and which rollouts want the same devices. */
export function previewText(preview: PreviewBody, config: RolloutConfig): string {
  const whom = config.filter === "" ? "are enrolled" : `match ${config.filter}`;
  const rows = preview.waves.map((wave, index) => ({ wave, why: whyOf(config, index) }));
  return [
    `${preview.numMatching} devices ${whom}\n`,
    formatTable(COLUMNS, rows),
    list(
      "Not reached",
      preview.excluded.map(({ numDevices, reason }) => `${numDevices}: ${reason}`),
    ),
    list(
      "Also wanted by other rollouts",
      preview.conflicts.map(({ rolloutId, numDevices, wins }) => {
        return `${numDevices} by ${rolloutId}: they obey ${wins ? "that one" : "this one"}`;
      }),
    ),
    preview.isReturn ? `${RETURN_TEXT}\n` : "",
    formatFields(planLines(config)),
    `Another name draws other devices: create it with --id ${config.rolloutId}.\n`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function whyOf({ waves }: RolloutConfig, index: number): string {
  const wave = waves[index];
  return wave === undefined ? "" : waveText(wave);
}

function firstDevices({ devices, numDevices }: PreviewBody["waves"][number]): string {
  const shown = devices.slice(0, SHOWN_DEVICES);
  const more = numDevices - shown.length;
  return `${shown.join(" ")}${more > 0 && shown.length > 0 ? ` and ${more} more` : ""}`;
}

function list(title: string, entries: readonly string[]): string {
  return entries.length === 0 ? "" : `${title}:\n${entries.map((entry) => `  ${entry}\n`).join("")}`;
}
