import { FedgeError, type DeviceId } from "@fedge/protocol";
import { and, asc, count, eq, isNotNull, isNull, lt, lte, sql } from "drizzle-orm";
import { NO_PAGE, type Database } from "./database.js";
import { audited, withEntry } from "./audited.js";
import { asStoreOperation } from "./database-errors.js";
import type { ControlStore, DeviceRecord } from "./port.js";
import { deviceOf } from "./row-codec.js";
import { devices } from "./schema.js";

type DeviceQueries = Pick<
  ControlStore,
  | "enrolDevice"
  | "getDevice"
  | "updateDevice"
  | "noteServing"
  | "deleteDevice"
  | "listDevices"
  | "countDevices"
> & {
  /** Records the timestamp and says true when it is newer than every one before; false for a replay. */
  acceptTokenTimestamp(deviceId: DeviceId, timestampMs: number): Promise<boolean>;
};

export function deviceQueries(database: Database): DeviceQueries {
  return {
    enrolDevice: (device) => enrolDevice(database, device),
    getDevice: (deviceId) => asStoreOperation("read a device", {}, () => findDevice(database, deviceId)),
    // Devices come and go all the time: without an entry, one statement is enough.
    updateDevice: (deviceId, change, audit) => {
      if (audit === undefined) return updateDevice(database, deviceId, change);
      return withEntry(database, "update a device", {
        change: (transaction) => updateDevice(transaction, deviceId, change),
        entry: (device) => (device === undefined ? undefined : audit),
      });
    },
    noteServing: (changes) => noteServing(database, changes),
    deleteDevice: (deviceId, audit) =>
      audited(database, "delete a device", audit, {
        change: async (transaction) => {
          await transaction.delete(devices).where(eq(devices.deviceId, deviceId));
        },
      }),
    listDevices: (page = NO_PAGE) =>
      asStoreOperation("list devices", {}, async () => {
        const ordered = database
          .select()
          .from(devices)
          .orderBy(asc(devices.enrolledAtMs), asc(devices.deviceId));
        return (await ordered.limit(page.limit).offset(page.offset)).map(deviceOf);
      }),
    countDevices: () => countDevices(database),
    acceptTokenTimestamp: (deviceId, timestampMs) => acceptTokenTimestamp(database, deviceId, timestampMs),
  };
}

async function findDevice(database: Database, deviceId: DeviceId): Promise<DeviceRecord | undefined> {
  const [row] = await database.select().from(devices).where(eq(devices.deviceId, deviceId));
  return row === undefined ? undefined : deviceOf(row);
}

async function enrolDevice(
  database: Database,
  device: { readonly deviceId: DeviceId; readonly publicKey: string; readonly atMs: number },
): Promise<DeviceRecord> {
  const { deviceId, publicKey, atMs } = device;
  const never = {
    session: 0,
    runtimeVersion: "",
    engine: "",
    platform: "",
    serving: {},
    tokenTimestampMs: 0,
  };
  return asStoreOperation("enrol a device", {}, async () => {
    await database
      .insert(devices)
      .values({ ...never, deviceId, publicKey, enrolledAtMs: atMs, lastSeenAtMs: atMs, presence: "offline" })
      .onConflictDoNothing();
    const found = await findDevice(database, deviceId);
    if (found?.publicKey === publicKey) return found;
    throw new FedgeError("ACCESS_DENIED", `device ${deviceId} is enrolled with another key`);
  });
}

type DeviceChange = Parameters<ControlStore["updateDevice"]>[1];

async function updateDevice(
  database: Database,
  deviceId: DeviceId,
  change: DeviceChange,
): Promise<DeviceRecord | undefined> {
  const { session } = change;
  const isCurrent = session === undefined ? undefined : lte(devices.session, session);
  return asStoreOperation("update a device", {}, async () => {
    // A change without any field is a read: SQL has no empty SET.
    if (Object.values(change).every((value) => value === undefined)) return findDevice(database, deviceId);
    const [row] = await database
      .update(devices)
      .set(change)
      .where(and(eq(devices.deviceId, deviceId), isCurrent))
      .returning();
    return row === undefined ? findDevice(database, deviceId) : deviceOf(row);
  });
}

async function noteServing(
  database: Database,
  changes: Parameters<ControlStore["noteServing"]>[0],
): Promise<void> {
  const said = Object.fromEntries(changes.map(({ deviceId, ...change }) => [deviceId, change]));
  const json = sql`${JSON.stringify(said)}::jsonb`;
  // An array of names is looked up by the index; a join with JSON, whose size nobody can guess, reads the whole table.
  await asStoreOperation("note what devices serve", {}, async () => {
    await database.execute(sql`
      update ${devices} set
        serving = serving || (${json} -> device_id -> 'serving'),
        last_seen_at_ms = greatest(last_seen_at_ms, (${json} -> device_id ->> 'lastSeenAtMs')::bigint)
      where device_id = any (array(select jsonb_object_keys(${json})))`);
  });
}

async function countDevices(database: Database) {
  return asStoreOperation("count devices", {}, async () => {
    const presences = await database
      .select({ key: devices.presence, total: count() })
      .from(devices)
      .groupBy(devices.presence);
    const served = sql`${devices}, jsonb_each(${devices.serving}) as served`;
    const key = sql<string>`served.key || '@' || (served.value ->> 'version')`;
    const servings = await database.select({ key, total: count() }).from(served).groupBy(key);
    const untrusting = await database
      .select({ key: devices.untrusting, total: count() })
      .from(devices)
      .where(and(isNotNull(devices.untrusting), isNull(devices.decommissionedAtMs)))
      .groupBy(devices.untrusting);
    const byPresence = Object.fromEntries(presences.map((row) => [row.key, row.total]));
    const total = presences.reduce((sum, row) => sum + row.total, 0);
    return {
      ...{ total, byPresence },
      byServing: Object.fromEntries(servings.map((row) => [row.key, row.total])),
      untrusting: Object.fromEntries(untrusting.map((row) => [row.key ?? "", row.total])),
    };
  });
}

async function acceptTokenTimestamp(
  database: Database,
  deviceId: DeviceId,
  timestampMs: number,
): Promise<boolean> {
  return asStoreOperation("record a token request", {}, async () => {
    const accepted = await database
      .update(devices)
      .set({ tokenTimestampMs: timestampMs })
      .where(and(eq(devices.deviceId, deviceId), lt(devices.tokenTimestampMs, timestampMs)))
      .returning({ deviceId: devices.deviceId });
    return accepted.length > 0;
  });
}
