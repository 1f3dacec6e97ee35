import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Where Linux tells of its power supplies: https://docs.kernel.org/power/power_supply_class.html. */
const SUPPLIES = "/sys/class/power_supply";

interface Supply {
  readonly type: string;
  readonly online: string;
  readonly status: string;
  readonly scope: string;
}

/**
 * Whether a Linux machine runs on its battery; null where it does not tell, as a machine without one. Electron cannot
 * say: there `isOnBatteryPower()` is false and no event comes (electron issues 25149, 27761 and 29614).
 */
export async function isLinuxOnBattery(directory: string = SUPPLIES): Promise<boolean | null> {
  const names = await readdir(directory).catch(() => []);
  const all = await Promise.all(names.map((name) => readSupply(join(directory, name))));
  // The battery of a mouse is nothing that this machine runs on.
  const supplies = all.filter(({ scope, type }) => scope !== "Device" && type !== "");
  const batteries = supplies.filter(isBattery);
  if (batteries.length === 0) return null;
  const plugs = supplies.filter((supply) => !isBattery(supply));
  if (plugs.some(({ online }) => online !== "0" && online !== "")) return false;
  // Some batteries do not know what they do; a plug that is there and has no current says it for them.
  return batteries.some(({ status }) => status === "Discharging") || plugs.length > 0;
}

function isBattery({ type }: Supply): boolean {
  return type === "Battery" || type === "UPS";
}

async function readSupply(directory: string): Promise<Supply> {
  // What a supply does not say has no file.
  const read = async (name: string): Promise<string> =>
    (await readFile(join(directory, name), "utf8").catch(() => "")).trim();
  const [type, online, status, scope] = await Promise.all(["type", "online", "status", "scope"].map(read));
  return { type: type ?? "", online: online ?? "", status: status ?? "", scope: scope ?? "" };
}
