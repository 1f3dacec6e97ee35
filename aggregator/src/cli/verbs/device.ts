import type { Command } from "commander";
import { deviceList, deviceRecord, type DeviceBody } from "../../http/schema/device-schema.js";
import { wholeNumber } from "../flag-values.js";
import { readAll } from "../pages.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, timeText } from "../text.js";
import { addDeviceChanges } from "./device-changes.js";

/** `fedge device list|show|tag|decommission|timeline|filter`. */
export function addDevice(program: Command, terminal: Terminal): void {
  const device = program.command("device").description("list, show, tag and decommission devices");
  addServerFlags(device.command("list").description("enrolled devices"))
    .option(
      "--filter <filter>",
      "only those that it means, such as 'platform == browser* and seen < now-24h'",
    )
    .option("--limit <count>", "at most so many devices", wholeNumber({ least: 1 }), 1000)
    .action(async (flags: ServerFlags & { limit: number; filter?: string }) => {
      const client = clientOf(flags);
      const devices = await readAll(flags.limit, async (page) => {
        const query = flags.filter === undefined ? page : { ...page, filter: flags.filter };
        return (await client.get("/v1/devices", deviceList, query)).devices;
      });
      printResult(terminal, devices, () => formatTable(COLUMNS, devices));
    });
  addServerFlags(device.command("show").description("one device"))
    .argument("<device>", "id of the device")
    .action(async (deviceId: string, flags: ServerFlags) => {
      const path = `/v1/devices/${encodeURIComponent(deviceId)}`;
      const found = await clientOf(flags).get(path, deviceRecord);
      printResult(terminal, found, () => deviceText(found));
    });
  addDeviceChanges(device, terminal);
}

const COLUMNS: readonly TableColumn<DeviceBody>[] = [
  { title: "DEVICE", cell: (device) => device.deviceId },
  { title: "PRESENCE", cell: (device) => device.presence },
  { title: "SERVING", cell: servingText },
  { title: "RUNTIME", cell: (device) => device.runtimeVersion },
  { title: "ENGINE", cell: (device) => device.engine },
  { title: "PLATFORM", cell: (device) => device.platform },
  { title: "LAST SEEN", cell: (device) => timeText(device.lastSeenAtMs) },
];

function servingText(device: DeviceBody): string {
  const models = Object.entries(device.serving).map(([model, served]) => `${model}@${served.version}`);
  return models.length === 0 ? NONE : models.join(" ");
}

function deviceText(device: DeviceBody): string {
  return formatFields([
    ["device", device.deviceId],
    ["presence", `${device.presence} (session ${device.session})`],
    ["serving", servingText(device)],
    ["runtime", `${device.runtimeVersion} with ${device.engine} on ${device.platform}`],
    ["tags", device.tags === undefined || device.tags.length === 0 ? NONE : device.tags.join(" ")],
    ["attributes", attributesText(device)],
    ["believes", believesText(device)],
    ["out of service", timeText(device.decommissionedAtMs ?? null)],
    ["public key", device.publicKey],
    ["enrolled", timeText(device.enrolledAtMs)],
    ["last seen", timeText(device.lastSeenAtMs)],
  ]);
}

/** Whether it takes up what the server signs. */
function believesText({ untrusting = null }: DeviceBody): string {
  switch (untrusting) {
    case null:
      return "what is signed";
    case "METADATA_EXPIRED":
      return "nothing new: its metadata are stale (METADATA_EXPIRED); see `fedge keys status`";
    case "ROOT_UNKNOWN":
      return "nothing new: it trusts a root that this server does not have (ROOT_UNKNOWN); ship the root of `fedge keys export-root` with its app, or let it forget";
  }
}

function attributesText({ attributes = {} }: DeviceBody): string {
  const pairs = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? NONE : pairs.join(" ");
}
