import type { OverviewData } from "../data/fleet-state.js";
import { formatCount, formatDateTime } from "../text/format.js";

const REASONS: Readonly<Record<string, string>> = {
  METADATA_EXPIRED: "their signed metadata are stale",
  ROOT_UNKNOWN: "they trust a root that this server does not have",
};

/** In words: roles whose metadata end, then devices that believe nothing new. */
export function trustNotices({ metadata, fleet }: Pick<OverviewData, "metadata" | "fleet">): string[] {
  return [
    ...metadata.filter(({ state }) => state !== "fresh").map(expiryText),
    ...Object.entries(fleet.untrusting).map(
      ([code, total]) =>
        `${formatCount(total)} ${total === 1 ? "device installs" : "devices install"} nothing new: ${REASONS[code] ?? "they do not believe it"} (${code}).`,
    ),
  ];
}

function expiryText({ role, expiresAtMs, state }: OverviewData["metadata"][number]): string {
  const remedy =
    role === "root"
      ? "Renew it: fedge keys renew-root."
      : "The aggregator could not renew them; its log says why.";
  return state === "expired"
    ? `The signed metadata of ${role} have expired: devices install nothing. ${remedy}`
    : `The signed metadata of ${role} expire on ${formatDateTime(expiresAtMs)}. ${remedy}`;
}
