import { FedgeError } from "@fedge/protocol";
import type { Command } from "commander";
import { deviceList, type DeviceBody } from "../../http/schema/device-schema.js";
import { decommissioned, deviceTags } from "../../http/schema/fleet-schema.js";
import { deviceTimeline, type TimelineBody } from "../../http/schema/rollout-schema.js";
import { explainFilter } from "../../fleet/filter/explain-filter.js";
import { parseFilter } from "../../fleet/filter/parse-filter.js";
import { readAll } from "../pages.js";
import { repeated } from "../rollout/rollout-values.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { timeText } from "../text.js";

const devicePath = (deviceId: string): string => `/v1/devices/${encodeURIComponent(deviceId)}`;

interface TagFlags extends ServerFlags {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** `fedge device tag|decommission|timeline|filter`. */
export function addDeviceChanges(device: Command, terminal: Terminal): void {
  addTag(device, terminal);
  addServerFlags(device.command("decommission").description("take a device out of service for good"))
    .argument("<device>", "id of the device")
    .option("--reason <text>", "why, for the audit", "fedge device decommission")
    .action(async (deviceId: string, { reason, ...flags }: ServerFlags & { reason: string }) => {
      const path = `${devicePath(deviceId)}/decommission`;
      const done = await clientOf(flags).post(path, decommissioned, { reason });
      printResult(terminal, done, () => `device ${done.deviceId} is out of service; its record stays`);
    });
  addServerFlags(
    device.command("timeline").description("what happened to a device in rollouts, newest first"),
  )
    .argument("<device>", "id of the device")
    .action(async (deviceId: string, flags: ServerFlags) => {
      const path = `${devicePath(deviceId)}/timeline`;
      const { timeline } = await clientOf(flags).get(path, deviceTimeline);
      printResult(terminal, timeline, () => formatTable(TIMELINE_COLUMNS, timeline));
    });
  addServerFlags(
    device.command("filter").description("say what a filter means and how many devices it finds"),
  )
    .argument("<filter>", "such as 'platform == browser* and not tag == internal'")
    .action(async (filter: string, flags: ServerFlags) => {
      const explained = explainFilter(parseFilter(filter));
      const found = await countDevices(filter, flags);
      printResult(terminal, { filter, explained, ...found }, () => filterText(explained, found));
    });
}

function addTag(device: Command, terminal: Terminal): void {
  const text = (tag: string): string => tag;
  addServerFlags(device.command("tag").description("add tags to a device, and remove them"))
    .argument("<device>", "id of the device")
    .option("--add <tag>", "may be given more than once", repeated(text))
    .option("--remove <tag>", "may be given more than once", repeated(text))
    .action(async (deviceId: string, { add = [], remove = [], ...flags }: TagFlags) => {
      if (add.length + remove.length === 0) {
        throw new FedgeError(
          "OPTION_INVALID",
          "say which tag with --add or --remove, such as --add internal",
        );
      }
      const tagged = await clientOf(flags).post(`${devicePath(deviceId)}/tags`, deviceTags, { add, remove });
      printResult(terminal, tagged, () => `device ${tagged.deviceId} has ${tagsText(tagged.tags)}`);
    });
}

function tagsText(tags: readonly string[]): string {
  return tags.length === 0 ? "no tags" : `the tags ${tags.join(" ")}`;
}

interface Found {
  readonly numDevices: number;
  readonly byPresence: Readonly<Record<string, number>>;
}

async function countDevices(filter: string, flags: ServerFlags): Promise<Found> {
  const client = clientOf(flags);
  const devices = await readAll<DeviceBody>(Number.MAX_SAFE_INTEGER, async (page) => {
    return (await client.get("/v1/devices", deviceList, { ...page, filter })).devices;
  });
  const byPresence: Record<string, number> = {};
  for (const { presence } of devices) byPresence[presence] = (byPresence[presence] ?? 0) + 1;
  return { numDevices: devices.length, byPresence };
}

function filterText(explained: readonly string[], { numDevices, byPresence }: Found): string {
  const presences = Object.entries(byPresence).map(([presence, count]) => `${count} ${presence}`);
  const which = presences.length === 0 ? "" : ` (${presences.join(", ")})`;
  return `${explained.join("\n")}\n\n${numDevices} devices now${which}`;
}

const TIMELINE_COLUMNS: readonly TableColumn<TimelineBody>[] = [
  { title: "AT", cell: (entry) => timeText(entry.changedAtMs) },
  { title: "ROLLOUT", cell: (entry) => entry.rolloutId },
  { title: "WAVE", isNumber: true, cell: (entry) => String(entry.wave + 1) },
  { title: "STATE", cell: (entry) => entry.state },
  { title: "ATTEMPT", isNumber: true, cell: (entry) => String(entry.attempt) },
  { title: "WHY", cell: ({ code, message }) => [code, message].filter((part) => part !== null).join(": ") },
];
