import type { DeviceData } from "../data/api-types.js";
import { Badge, type Tone } from "../parts/badge.js";
import type { Column } from "../parts/data-table.js";
import { hrefOf } from "../shell/route.js";
import { NONE, formatAgo } from "../text/format.js";

export const PRESENCE_TONES: Readonly<Record<DeviceData["presence"], Tone>> = {
  online: "good",
  sleeping: "busy",
  offline: "quiet",
  lost: "bad",
};

export function deviceColumns(nowMs: number): readonly Column<DeviceData>[] {
  return [
    {
      title: "Device",
      cell: ({ deviceId }) => (
        <a href={hrefOf("fleet", deviceId)} className="id-link">
          {deviceId}
        </a>
      ),
    },
    { title: "Presence", cell: (device) => <PresenceBadge device={device} /> },
    { title: "Serving", cell: ({ serving }) => servingText(serving) },
    { title: "Platform", cell: ({ platform }) => platform },
    { title: "Engine", cell: ({ engine }) => engine },
    { title: "Tags", cell: ({ tags }) => <Chips texts={tags ?? []} /> },
    { title: "Attributes", cell: ({ attributes }) => <Chips texts={attributeTexts(attributes)} /> },
    { title: "Last seen", cell: ({ lastSeenAtMs }) => formatAgo(lastSeenAtMs, nowMs) },
  ];
}

/** What is out of service says so first. */
export function PresenceBadge({ device }: { readonly device: DeviceData }) {
  if (isDecommissioned(device)) return <Badge tone="warn">out of service</Badge>;
  return <Badge tone={PRESENCE_TONES[device.presence]}>{device.presence}</Badge>;
}

export function isDecommissioned({ decommissionedAtMs = null }: DeviceData): boolean {
  return decommissionedAtMs !== null;
}

export function attributeTexts(attributes: DeviceData["attributes"]): readonly string[] {
  return Object.entries(attributes ?? {}).map(([name, value]) => `${name}: ${value}`);
}

export function servingText(serving: DeviceData["serving"]): string {
  const served = Object.entries(serving).map(([model, { version }]) => `${model} v${version}`);
  return served.length === 0 ? NONE : served.join(", ");
}

export function Chips({ texts }: { readonly texts: readonly string[] }) {
  if (texts.length === 0) return NONE;
  return (
    <span className="chips">
      {texts.map((text) => (
        <span key={text} className="chip">
          {text}
        </span>
      ))}
    </span>
  );
}
