import { Option, type Command } from "commander";
import { WHOLE_FLEET } from "../../drift/sums/window-key.js";
import { driftFeature, driftFeatures, driftModel, driftModels } from "../../http/schema/drift-schema.js";
import { wholeNumber } from "../flag-values.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, numberText, percentText, timeText } from "../text.js";
import type { FeatureDetail, FeatureRow, ModelDetail, ModelVerdict } from "../../drift/drift-views.js";
import { addDriftAlerts } from "./drift-alerts.js";

interface FleetFlags extends ServerFlags {
  readonly model: string;
  readonly modelVersion?: number;
  readonly feature?: string;
  readonly cohort?: string;
  readonly window?: number;
  readonly format?: "csv" | "json";
}

/** `fedge drift status|fleet|alerts`: what released windows say. */
export function addDriftFleet(drift: Command, terminal: Terminal): void {
  addServerFlags(drift.command("status").description("the verdict on every monitored model, or on one"))
    .option("--model <name>", "only this one, with its cohorts and how well it does")
    .action((flags: ServerFlags & { readonly model?: string }) => status(flags, terminal));
  const number = wholeNumber({ least: 0 });
  addServerFlags(
    drift.command("fleet").description("a model's features in a released window, or one feature"),
  )
    .requiredOption("--model <name>", "name of the model")
    .option("--model-version <number>", "the one whose windows are released, unless given", number)
    .option("--feature <name>", "counts and every score of this one")
    .option("--cohort <cohort>", "only these devices, by an attribute that they report, such as region=eu")
    .option("--window <number>", "the last that was shown, unless given", number)
    .addOption(new Option("--format <format>", "as the server gives it").choices(["csv", "json"]))
    .action((flags: FleetFlags) => fleet(flags, terminal));
  addDriftAlerts(drift, terminal);
}

async function status(flags: ServerFlags & { readonly model?: string }, terminal: Terminal): Promise<void> {
  const client = clientOf(flags);
  if (flags.model === undefined) {
    const { models } = await client.get("/v1/drift/models", driftModels);
    return printResult(terminal, models, () =>
      models.length === 0
        ? "no model has a reference profile; make one with `fedge profile build`"
        : formatTable(MODEL_COLUMNS, models),
    );
  }
  const model = await client.get(`/v1/drift/models/${encodeURIComponent(flags.model)}`, driftModel);
  printResult(terminal, model, () => modelText(model));
}

async function fleet(flags: FleetFlags, terminal: Terminal): Promise<void> {
  const client = clientOf(flags);
  const { modelVersion: version, cohort, window, format } = flags;
  const model = `/v1/drift/models/${encodeURIComponent(flags.model)}/features`;
  const path = flags.feature === undefined ? model : `${model}/${encodeURIComponent(flags.feature)}`;
  const query = { version, cohort, window };
  if (format !== undefined) {
    const bytes = await client.download(path, { ...query, format });
    return terminal.out(`${new TextDecoder().decode(bytes).trimEnd()}\n`);
  }
  if (flags.feature === undefined) {
    const { features } = await client.get(path, driftFeatures, query);
    return printResult(terminal, features, () => formatTable(FEATURE_COLUMNS, features));
  }
  const feature = await client.get(path, driftFeature, query);
  printResult(terminal, feature, () => featureText(feature));
}

const MODEL_COLUMNS: readonly TableColumn<ModelVerdict>[] = [
  { title: "MODEL", cell: (model) => `${model.model}@${model.version}` },
  { title: "VERDICT", cell: (model) => model.verdict },
  { title: "SINCE", cell: (model) => timeText(model.sinceMs) },
  { title: "DEVICES", isNumber: true, cell: (model) => devicesText(model) },
  { title: "LABELS", isNumber: true, cell: (model) => percentText(model.labelCoverage) },
  { title: "ALERTS", isNumber: true, cell: (model) => String(model.numOpenAlerts) },
  { title: "WHY", cell: (model) => model.reason },
];

function devicesText({ release, numEligible, minDevices }: ModelVerdict): string {
  const reporting = release === null ? NONE : (release.numDevices ?? `fewer than ${minDevices}`);
  return `${reporting} of ${numEligible}`;
}

function modelText(model: ModelDetail): string {
  const { outcomes } = model;
  const { suppressed = [], withheld = [] } = model.release ?? {};
  const unshown = [
    ...suppressed.map(({ cohort, reason }) => `${nameOf(cohort)} (${reason})`),
    ...withheld.map(({ cohort, part, reason }) => `${part} of ${nameOf(cohort)} (${reason})`),
  ];
  const fields = formatFields([
    ["model", `${model.model}@${model.version}`],
    ["verdict", `${model.verdict}: ${model.reason}`],
    ["since", timeText(model.sinceMs)],
    ["last window", timeText(model.release?.beginsAtMs ?? null)],
    ["devices", devicesText(model)],
    ["accuracy", percentText(outcomes?.accuracy ?? null)],
    ["estimated", percentText(outcomes?.estimated.value ?? null)],
    ["label coverage", percentText(model.labelCoverage)],
    ...(outcomes?.shadow ? [["in its shadow", shadowText(outcomes)] as const] : []),
    ["open alerts", String(model.numOpenAlerts)],
    ["not shown", unshown.join(", ") || NONE],
  ]);
  return model.cohorts.length === 0 ? fields : `${fields}\n${formatTable(COHORT_COLUMNS, model.cohorts)}`;
}

function shadowText({ shadow, errors, withheld }: NonNullable<ModelDetail["outcomes"]>): string {
  if (shadow === null) return NONE;
  const { bothRight, onlyServed, onlyShadow, bothWrong, difference, pValue } = shadow;
  const agreement = `agree ${percentText(shadow.agreement)}, failed ${shadow.numFailed}`;
  if (difference === null)
    return `${agreement}; ${withheld.includes("shadow-labels") ? "labels of too few devices" : "no labels yet"}`;
  const error = errors["shadowDifference"];
  const points = `${numberText(100 * difference, 1)}${error === undefined ? "" : ` ± ${numberText(200 * error, 1)}`}`;
  return [
    agreement,
    `labels ${percentText(shadow.labelCoverage)}: both right ${bothRight}, only served ${onlyServed}, only shadow ${onlyShadow}, neither ${bothWrong}`,
    `shadow's accuracy ${points} points${pValue === null ? "" : `, p = ${numberText(pValue)} (McNemar)`}`,
  ].join("; ");
}

const COHORT_COLUMNS: readonly TableColumn<ModelDetail["cohorts"][number]>[] = [
  { title: "COHORT", cell: (view) => nameOf(view.cohort) },
  { title: "VERDICT", cell: (view) => view.verdict },
  { title: "DEVICES", isNumber: true, cell: (view) => String(view.numDevices) },
  { title: "ROWS", isNumber: true, cell: (view) => String(view.numRows) },
];

const FEATURE_COLUMNS: readonly TableColumn<FeatureRow>[] = [
  { title: "FEATURE", cell: (row) => row.name },
  { title: "VERDICT", cell: (row) => row.verdict },
  { title: "JS", isNumber: true, cell: (row) => numberText(row.score) },
  {
    title: "95 %",
    isNumber: true,
    cell: ({ lower, upper }) => (lower === null ? NONE : `${numberText(lower)}..${numberText(upper)}`),
  },
  { title: "LIMIT", isNumber: true, cell: (row) => numberText(row.limit) },
  { title: "PSI", isNumber: true, cell: (row) => numberText(row.psi) },
  { title: "SHIFT", isNumber: true, cell: (row) => numberText(row.meanShift) },
  { title: "MISSING", isNumber: true, cell: (row) => percentText(row.missing) },
  { title: "OUTSIDE", isNumber: true, cell: (row) => percentText(row.outOfRange) },
  { title: "DEVICES", isNumber: true, cell: (row) => String(row.numDevices) },
];

function featureText(feature: FeatureDetail): string {
  const fields = formatFields([
    ["feature", `${feature.name} of ${feature.model}@${feature.version}`],
    ["cohort", nameOf(feature.cohort)],
    ["window", String(feature.window)],
    ["verdict", feature.reason === null ? feature.verdict : `${feature.verdict}: ${feature.reason}`],
    ["rows", `${feature.numRows} of ${feature.numDevices} devices`],
    ...feature.mix.map(
      ({ attribute, total, mix, within }) =>
        [
          `by ${attribute}`,
          `${numberText(total)} since the window before: ${numberText(mix)} mix, ${numberText(within)} within`,
        ] as const,
    ),
  ]);
  return `${fields}\n${formatTable(SCORE_COLUMNS, feature.scores)}\n${formatTable(CELL_COLUMNS, feature.cells)}`;
}

const SCORE_COLUMNS: readonly TableColumn<FeatureDetail["scores"][number]>[] = [
  { title: "METHOD", cell: (score) => score.method },
  { title: "BY", cell: (score) => score.weighting },
  { title: "SCORE", isNumber: true, cell: (score) => numberText(score.score) },
  {
    title: "95 %",
    isNumber: true,
    cell: ({ lower, upper }) => (lower === null ? NONE : `${numberText(lower)}..${numberText(upper)}`),
  },
  { title: "EXPECTED", isNumber: true, cell: (score) => numberText(score.expected) },
  { title: "LIMIT", isNumber: true, cell: (score) => numberText(score.limit) },
  { title: "LOG P", isNumber: true, cell: (score) => numberText(score.logPValue, 2) },
  {
    title: "NOTE",
    cell: ({ zeroRule, note }) => [zeroRule, note].filter((text) => text !== null).join("; "),
  },
];

const CELL_COLUMNS: readonly TableColumn<FeatureDetail["cells"][number]>[] = [
  { title: "CELL", cell: (cell) => cell.name },
  { title: "REFERENCE", isNumber: true, cell: (cell) => String(cell.reference) },
  { title: "ROWS", isNumber: true, cell: (cell) => String(cell.rows) },
];

function nameOf(cohort: string): string {
  return cohort === WHOLE_FLEET ? "whole fleet" : cohort;
}
