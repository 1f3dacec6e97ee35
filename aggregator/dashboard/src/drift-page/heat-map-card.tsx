import type { CSSProperties } from "react";
import type { WindowsData } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { hrefOf, withQuery } from "../shell/route.js";
import { formatDateTime } from "../text/format.js";
import { DownloadLinks } from "./download-links.js";
import { heatRows, type HeatCell, type HeatColumn, type HeatRows, type Marker } from "./heat-map.js";
import { scoreText } from "./numbers.js";
import { NUM_WINDOWS } from "./use-windows.js";
import { VERDICT_LOOKS, cohortText } from "./verdict-looks.js";
import type { View } from "./view-query.js";

const DAY_MS = 86_400_000;
const MARKER_SIGNS = { release: "▼", alert: "⚑" } as const;

/** Features by windows: a sign for each verdict, a bar for each score, and above what was released and alerted. */
export function HeatMapCard(props: {
  readonly heat: WindowsData;
  readonly windowMs: number;
  readonly view: View;
}) {
  const { heat, view } = props;
  const map = heatRows(heat, (atMs) => tickText(atMs, props.windowMs));
  const path = `/v1/drift/models/${encodeURIComponent(heat.model)}/windows`;
  const title = `Features by windows: ${cohortText(heat.cohort)}`;
  return (
    <Card
      title={title}
      className="span-12 table-card"
      testId="heat-map"
      aside={<DownloadLinks what="windows" path={path} view={view} name={`${heat.model}-windows`} />}
    >
      <p className="quiet">
        The last {Math.min(NUM_WINDOWS, map.columns.length)} windows of version {heat.version}, the newest at
        the end. The bar in a cell is its score. ▼ a version was released, ⚑ an alert was opened.
      </p>
      <div className="table-scroll" tabIndex={0} role="region" aria-label={title}>
        <HeatTable title={title} map={map} heat={heat} view={view} />
      </div>
      <MarkerList columns={map.columns} />
    </Card>
  );
}

function HeatTable(props: {
  readonly title: string;
  readonly map: HeatRows;
  readonly heat: WindowsData;
  readonly view: View;
}) {
  const { title, heat, view } = props;
  const { columns, rows } = props.map;
  return (
    <table className="heat-map">
      <caption className="visually-hidden">{title}</caption>
      <thead>
        <tr>
          <td />
          {columns.map((column) => (
            <MarkerCell key={column.window} column={column} />
          ))}
        </tr>
        <tr>
          <th scope="col">Feature</th>
          {columns.map((column) => (
            <WindowHead key={column.window} column={column} heat={heat} view={view} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ feature, cells }) => (
          <FeatureCells key={feature} {...{ feature, cells, columns, heat, view }} />
        ))}
      </tbody>
    </table>
  );
}

function FeatureCells(
  props: HeatRows["rows"][number] &
    Pick<HeatRows, "columns"> & {
      readonly heat: WindowsData;
      readonly view: View;
    },
) {
  const { feature, cells, columns, heat, view } = props;
  return (
    <tr>
      <th scope="row">
        <a href={withQuery(hrefOf("drift", heat.model, feature), { ...view })} className="id-link">
          {feature}
        </a>
      </th>
      {cells.map((cell, at) => (
        <HeatMapCell key={columns[at]?.window} cell={cell} />
      ))}
    </tr>
  );
}

function MarkerCell({ column }: { readonly column: HeatColumn }) {
  const { markers } = column;
  const [release] = markers.filter(({ kind }) => kind === "release").slice(-1);
  const hasAlert = markers.some(({ kind }) => kind === "alert");
  return (
    <td className="heat-marker" title={markers.map(({ text }) => text).join("\n")}>
      {release !== undefined && <span>{`${MARKER_SIGNS.release}${release.version}`}</span>}
      {hasAlert && <span className="heat-alert">{MARKER_SIGNS.alert}</span>}
    </td>
  );
}

function WindowHead(props: { readonly column: HeatColumn; readonly heat: WindowsData; readonly view: View }) {
  const { column, heat, view } = props;
  const isChosen = view.window === String(column.window);
  const words = `${formatDateTime(column.beginsAtMs)}: ${VERDICT_LOOKS[column.verdict].name}`;
  return (
    <th
      scope="col"
      className="heat-window"
      data-deploy={column.markers.some(({ kind }) => kind === "release")}
    >
      {column.label !== null && <span className="heat-tick">{column.label}</span>}
      <a
        href={withQuery(hrefOf("drift", heat.model), { ...view, window: String(column.window) })}
        aria-current={isChosen ? "true" : undefined}
        aria-label={`Look at ${words}`}
        title={words}
        className="heat-choose"
        data-verdict={column.verdict}
      >
        {VERDICT_LOOKS[column.verdict].sign}
      </a>
    </th>
  );
}

function HeatMapCell({ cell }: { readonly cell: HeatCell | null }) {
  if (cell === null)
    return (
      <td className="heat-cell" title="not shown">
        <span className="visually-hidden">not shown</span>
      </td>
    );
  const { name, sign } = VERDICT_LOOKS[cell.verdict];
  const level = { "--level": `${cell.level < 0.04 ? 0 : Math.round(100 * cell.level)}%` } as CSSProperties;
  return (
    <td
      className="heat-cell"
      data-verdict={cell.verdict}
      title={`${name}, score ${scoreText(cell.score)}`}
      style={level}
    >
      <span aria-hidden="true">{cell.verdict === "ok" ? "" : sign}</span>
      <span className="visually-hidden">
        {name}, {scoreText(cell.score)}
      </span>
    </td>
  );
}

/** The markers in words, newest first. */
function MarkerList({ columns }: { readonly columns: readonly HeatColumn[] }) {
  const markers = columns.flatMap((column) => column.markers);
  if (markers.length === 0) return null;
  return (
    <ul className="plain-list heat-markers" aria-label="Releases and alerts" data-testid="heat-markers">
      {[...markers].reverse().map((marker) => (
        <li key={`${marker.kind} ${marker.atMs} ${marker.text}`}>
          <span className="quiet">
            <span aria-hidden="true">{signOf(marker)} </span>
            {formatDateTime(marker.atMs)}
          </span>{" "}
          {marker.kind === "alert" && "alert: "}
          {marker.text}
        </li>
      ))}
    </ul>
  );
}

function signOf({ kind }: Marker): string {
  return MARKER_SIGNS[kind];
}

/** As short as a column of its kind takes: a day of months, or a time of day. */
function tickText(atMs: number, windowMs: number): string {
  const at = new Date(atMs);
  return windowMs >= DAY_MS
    ? at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })
    : at.toLocaleTimeString("en-GB", {
        ...({ hour: "2-digit", minute: "2-digit" } as const),
        ...(windowMs < 60_000 ? ({ second: "2-digit" } as const) : {}),
      });
}
