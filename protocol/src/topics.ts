import { FedgeError } from "./errors.js";
import type { DeviceId, Sha256, TenantId } from "./ids.js";
import { BLOCK_BYTES, MAX_BLOB_BYTES } from "./limits.js";

/** What a device may publish, below its own branch. */
export const DEVICE_UP_CHANNELS = ["birth", "state", "report", "metrics", "fl/up", "rpc/req"] as const;
/** What a device may subscribe to, below its own branch. */
export const DEVICE_DOWN_CHANNELS = ["desired", "cmd", "fl/dn", "rpc/res"] as const;

export type DeviceUpChannel = (typeof DEVICE_UP_CHANNELS)[number];
export type DeviceDownChannel = (typeof DEVICE_DOWN_CHANNELS)[number];
export type DeviceChannel = DeviceUpChannel | DeviceDownChannel;

/** Every topic has at most this many slashes: the limit of AWS IoT Core. */
export const MAX_TOPIC_SLASHES = 7;

/** Shards of the upload topic, so that several aggregators can divide the uploads among them. */
export const MAX_UPLOAD_SHARDS = 256;

/** Roles whose newest metadata are retained: the timestamp itself, and which roots there are. */
export const META_ROLES = ["timestamp", "root"] as const;
export type MetaRole = (typeof META_ROLES)[number];

export type Topic =
  | {
      readonly kind: "device";
      readonly tenantId: TenantId;
      readonly deviceId: DeviceId;
      readonly channel: DeviceChannel;
    }
  | {
      readonly kind: "upload";
      readonly tenantId: TenantId;
      readonly deviceId: DeviceId;
      readonly shard: number;
    }
  | { readonly kind: "blob"; readonly tenantId: TenantId; readonly sha256: Sha256; readonly block: number }
  | { readonly kind: "meta"; readonly tenantId: TenantId; readonly role: MetaRole }
  | { readonly kind: "server-state"; readonly tenantId: TenantId };

const prefix = (tenant: TenantId): string => `fedge/1/${tenant}`;

/** `fedge/1/{tenant}/d/{device}/{channel}`: one channel of one device. */
export function deviceTopic(tenant: TenantId, device: DeviceId, channel: DeviceChannel): string {
  return `${prefix(tenant)}/d/${device}/${channel}`;
}

/** `fedge/1/{tenant}/d/{device}/fl/blk/{shard}`: binary upload blocks. */
export function uploadTopic(tenant: TenantId, device: DeviceId, shard: number): string {
  return `${prefix(tenant)}/d/${device}/fl/blk/${shard}`;
}

/** `fedge/1/{tenant}/blob/{sha256}/{block}`: retained raw bytes of one block. */
export function blobTopic(tenant: TenantId, sha256: Sha256, block: number): string {
  return `${prefix(tenant)}/blob/${sha256}/${block}`;
}

/** `fedge/1/{tenant}/meta/{role}`: signed metadata, retained; the only ones that a device cannot ask for by a hash. */
export function metaTopic(tenant: TenantId, role: MetaRole): string {
  return `${prefix(tenant)}/meta/${role}`;
}

/** `fedge/1/{tenant}/srv/state`: whether the aggregator is there, retained. */
export function serverStateTopic(tenant: TenantId): string {
  return `${prefix(tenant)}/srv/state`;
}

/** What an aggregator subscribes to: everything that devices publish. */
export function serverFilters(tenant: TenantId): string[] {
  const channels = DEVICE_UP_CHANNELS.map((channel) => `${prefix(tenant)}/d/+/${channel}`);
  return [...channels, `${prefix(tenant)}/d/+/fl/blk/+`];
}

const IDENTIFIER = /^[A-Za-z0-9_-]{1,64}$/;
const HASH = /^[0-9a-f]{64}$/;
const INDEX = /^(0|[1-9][0-9]{0,9})$/;
const CHANNELS: ReadonlySet<string> = new Set([...DEVICE_UP_CHANNELS, ...DEVICE_DOWN_CHANNELS]);

/** The parts of a concrete topic. Throws TOPIC_INVALID for anything that the builders above cannot make. */
export function parseTopic(topic: string): Topic {
  const parsed = topic.length <= 256 ? parseLevels(topic.split("/")) : undefined;
  if (parsed === undefined) {
    throw new FedgeError("TOPIC_INVALID", `topic "${topic.slice(0, 80)}" is not one of this protocol`);
  }
  return parsed;
}

function parseLevels(levels: readonly string[]): Topic | undefined {
  const [root, major, tenant, branch, ...rest] = levels;
  if (root !== "fedge" || major !== "1" || tenant === undefined || !IDENTIFIER.test(tenant)) return undefined;
  const tenantId = tenant as TenantId;
  if (branch === "srv")
    return rest.length === 1 && rest[0] === "state" ? { kind: "server-state", tenantId } : undefined;
  if (branch === "blob") return parseBlobLevels(tenantId, rest);
  if (branch === "meta") return parseMetaLevels(tenantId, rest);
  return branch === "d" ? parseDeviceLevels(tenantId, rest) : undefined;
}

function parseBlobLevels(tenantId: TenantId, rest: readonly string[]): Topic | undefined {
  const [hash, block] = rest;
  if (rest.length !== 2 || hash === undefined || block === undefined) return undefined;
  if (!HASH.test(hash) || !INDEX.test(block)) return undefined;
  if (Number(block) >= MAX_BLOB_BYTES / BLOCK_BYTES) return undefined;
  return { kind: "blob", tenantId, sha256: hash as Sha256, block: Number(block) };
}

function parseMetaLevels(tenantId: TenantId, rest: readonly string[]): Topic | undefined {
  const role = META_ROLES.find((known) => rest.length === 1 && rest[0] === known);
  return role === undefined ? undefined : { kind: "meta", tenantId, role };
}

function parseDeviceLevels(tenantId: TenantId, rest: readonly string[]): Topic | undefined {
  const [device, ...channelLevels] = rest;
  if (device === undefined || !IDENTIFIER.test(device)) return undefined;
  const deviceId = device as DeviceId;
  const [first, second, shard] = channelLevels;
  if (first === "fl" && second === "blk") {
    if (channelLevels.length !== 3 || shard === undefined || !INDEX.test(shard)) return undefined;
    return Number(shard) < MAX_UPLOAD_SHARDS
      ? { kind: "upload", tenantId, deviceId, shard: Number(shard) }
      : undefined;
  }
  const channel = channelLevels.join("/");
  return CHANNELS.has(channel)
    ? { kind: "device", tenantId, deviceId, channel: channel as DeviceChannel }
    : undefined;
}
