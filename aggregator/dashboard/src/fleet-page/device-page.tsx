import { useCallback } from "react";
import type { DeviceData, TimelineAnswer } from "../data/api-types.js";
import { useNowMs } from "../data/server-clock.js";
import { useSession } from "../data/session-context.js";
import { useLoaded } from "../data/use-loaded.js";
import { usePolling } from "../data/use-polling.js";
import { BackLink } from "../parts/back-link.js";
import { Card } from "../parts/card.js";
import { Problem } from "../parts/problem.js";
import { formatAgo, formatDateTime } from "../text/format.js";
import { DecommissionButton } from "./decommission-button.js";
import { PresenceBadge, attributeTexts, servingText } from "./device-columns.js";
import { DeviceTags } from "./device-tags.js";
import { DeviceTimeline } from "./device-timeline.js";

const REFRESH_MS = 5000;

/** One device: what it says of itself, and its way through every rollout. */
export function DevicePage({ deviceId, offsetMs }: { readonly deviceId: string; readonly offsetMs: number }) {
  const { api } = useSession();
  const path = `/v1/devices/${encodeURIComponent(deviceId)}`;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [device, { timeline }] = await Promise.all([
        api.get<DeviceData>(path, {}, signal),
        api.get<TimelineAnswer>(`${path}/timeline`, {}, signal),
      ]);
      return { device, timeline };
    },
    [api, path],
  );
  const { data, error, reload } = useLoaded(load);
  usePolling(reload, REFRESH_MS);
  const nowMs = useNowMs(offsetMs, REFRESH_MS);
  return (
    <div className="page-grid" data-testid="device-page">
      <BackLink page="fleet" text="Fleet" />
      {error !== null && <Problem error={error} testId="device-problem" />}
      {data === null ? (
        error === null && <div className="card skeleton span-12 skeleton-hero" aria-busy="true" />
      ) : (
        <>
          <DeviceCard device={data.device} path={path} nowMs={nowMs} onChanged={reload} />
          <Card title="Timeline" className="span-12" testId="timeline-card">
            <DeviceTimeline entries={data.timeline} nowMs={nowMs} />
          </Card>
        </>
      )}
    </div>
  );
}

function DeviceCard(props: {
  readonly device: DeviceData;
  readonly path: string;
  readonly nowMs: number;
  readonly onChanged: () => void;
}) {
  const { device, path, onChanged } = props;
  return (
    <Card
      title={device.deviceId}
      className="span-12 device-card"
      testId="device-card"
      aside={<PresenceBadge device={device} />}
    >
      <dl className="facts">
        {factsOf(device, props.nowMs).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <DeviceTags device={device} path={path} onChanged={onChanged} />
      <DecommissionButton device={device} path={path} onChanged={onChanged} />
    </Card>
  );
}

/** Whether it takes up what the server signs. */
function believesText(untrusting: NonNullable<DeviceData["untrusting"]> | null): string {
  return untrusting === null ? "what is signed" : `nothing new (${untrusting})`;
}

function factsOf(device: DeviceData, nowMs: number): readonly (readonly [string, string])[] {
  const attributes = attributeTexts(device.attributes);
  return [
    ["Serving", servingText(device.serving)],
    ["Last seen", formatAgo(device.lastSeenAtMs, nowMs)],
    ["Enrolled", formatDateTime(device.enrolledAtMs)],
    ["Platform", device.platform],
    ["Engine", device.engine],
    ["Runtime", device.runtimeVersion],
    ["Believes", believesText(device.untrusting ?? null)],
    ["Attributes", attributes.length === 0 ? "none" : attributes.join(", ")],
  ];
}
