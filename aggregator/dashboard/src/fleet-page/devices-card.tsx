import { useCallback, useState } from "react";
import type { DeviceData, DeviceListAnswer } from "../data/api-types.js";
import { useNowMs } from "../data/server-clock.js";
import { useSession } from "../data/session-context.js";
import { hasCode, useLoaded, type Loaded } from "../data/use-loaded.js";
import { usePolling } from "../data/use-polling.js";
import { Card } from "../parts/card.js";
import { DataTable } from "../parts/data-table.js";
import { FilterField } from "../parts/filter-field.js";
import { Pager } from "../parts/pager.js";
import { Problem } from "../parts/problem.js";
import { useDebounced } from "../parts/use-debounced.js";
import { deviceColumns } from "./device-columns.js";

const PAGE_SIZE = 50;
const TYPING_MS = 300;
const REFRESH_MS = 10_000;

/** Devices page by page, those that the filter means. */
export function DevicesCard({ offsetMs }: { readonly offsetMs: number }) {
  const [draft, setDraft] = useState("");
  const [offset, setOffset] = useState(0);
  const filter = useDebounced(draft.trim(), TYPING_MS);
  const { data, error, isLoading } = useDevices(filter, offset);
  const nowMs = useNowMs(offsetMs, REFRESH_MS);
  const change = (value: string): void => {
    setDraft(value);
    setOffset(0);
  };
  const isFilterError = hasCode(error, "FILTER_INVALID");
  return (
    <Card title="Devices" className="span-12 table-card" testId="devices-card">
      <FilterField
        label="Filter"
        value={draft}
        onChange={change}
        problem={error !== null && isFilterError ? { filter, error } : null}
        placeholder="presence == online and serving.digits < 7"
        hint="Fields: id, presence, platform, engine, runtime, enrolled, seen, tag, group, serving.MODEL, attribute.NAME; joined by and, or, not."
      />
      {error !== null && !isFilterError && <Problem error={error} />}
      <div className="devices-area" aria-busy={isLoading}>
        <DataTable
          caption="Devices"
          columns={deviceColumns(nowMs)}
          rows={data?.rows ?? []}
          keyOf={(device) => device.deviceId}
          empty={emptyText(data === null, filter)}
          testId="devices-table"
        />
      </div>
      <DevicesPager page={data} onMove={setOffset} />
    </Card>
  );
}

interface DevicePageRows {
  readonly rows: readonly DeviceData[];
  readonly total: number;
  readonly offset: number;
}

function useDevices(filter: string, offset: number): Loaded<DevicePageRows> {
  const { api } = useSession();
  const load = useCallback(
    async (signal: AbortSignal): Promise<DevicePageRows> => {
      const query = { limit: PAGE_SIZE, offset, filter: filter === "" ? undefined : filter };
      const { devices, total } = await api.get<DeviceListAnswer>("/v1/devices", query, signal);
      return { rows: devices, total, offset };
    },
    [api, filter, offset],
  );
  const loaded = useLoaded(load);
  usePolling(loaded.reload, REFRESH_MS);
  return loaded;
}

function DevicesPager(props: {
  readonly page: DevicePageRows | null;
  readonly onMove: (offset: number) => void;
}) {
  const { page, onMove } = props;
  const numShown = page?.rows.length ?? 0;
  return (
    <Pager
      offset={page?.offset ?? 0}
      numShown={numShown}
      pageSize={PAGE_SIZE}
      total={page?.total ?? null}
      hasMore={page !== null && page.offset + numShown < page.total}
      onMove={onMove}
      what="devices"
    />
  );
}

function emptyText(isFirst: boolean, filter: string): string {
  if (isFirst) return "Loading";
  return filter === "" ? "No device has enrolled yet." : "No device is meant by this filter.";
}
