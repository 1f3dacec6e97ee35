import type * as z from "zod/mini";
import { evaluated, evaluationDeclined } from "../messages/evaluation-up.js";
import { evaluate } from "../messages/evaluation.js";
import { birth, desired, installReport, presence, serverState } from "../messages/fleet.js";
import { profileWindow, profileWindowReceipt } from "../messages/profile-window.js";
import { servingMetrics } from "../messages/serving-metrics.js";
import { abort, checkIn } from "../messages/round-up.js";
import { assigned, proceed, queued, receipt, rejected, report, roundClosed } from "../messages/round.js";
import { rootChain } from "../tuf/release-profile.js";
import { DEVICE_DOWN_CHANNELS, DEVICE_UP_CHANNELS, type DeviceChannel } from "../topics.js";

export interface MessageDescription {
  /** Camel case, unique in the document. */
  readonly name: string;
  readonly summary: string;
  /** A schema of the JSON body; `bytes` is binary, as the summary says. */
  readonly body: z.ZodMiniType | "bytes";
}

export interface ChannelDescription {
  readonly name: string;
  /** Below `fedge/1/{tenantId}/`. */
  readonly path: string;
  readonly parameters: readonly ("tenantId" | "deviceId" | "sha256" | "block" | "shard")[];
  readonly description: string;
  /** What the device does here; `reserved` channels carry nothing in this protocol version. */
  readonly device: "sends" | "receives" | "reserved";
  readonly retain: boolean;
  readonly messages: readonly MessageDescription[];
}

const ROUND_UP: readonly MessageDescription[] = [
  { name: "checkIn", summary: "The device is eligible for a round and says what it has.", body: checkIn },
  {
    name: "report",
    summary:
      "The device's update is ready. Idempotent under (roundId, device, attempt): it opens an upload, resumes it, and fetches a lost receipt again.",
    body: report,
  },
  { name: "abort", summary: "The device gives its assignment up.", body: abort },
  {
    name: "evaluated",
    summary:
      "Sums of the versions over the device's own labelled examples. Said once for each (runId, attempt).",
    body: evaluated,
  },
  {
    name: "evaluationDeclined",
    summary: "The device does not evaluate, or could not.",
    body: evaluationDeclined,
  },
];

const ROUND_DOWN: readonly MessageDescription[] = [
  { name: "queued", summary: "The device waits in the pool; an answer follows in time.", body: queued },
  { name: "rejected", summary: "Not now; check in again within the retry window.", body: rejected },
  { name: "assigned", summary: "Train this version and report within the deadline.", body: assigned },
  {
    name: "proceed",
    summary: "Send these blocks of the update: disjoint inclusive ranges in ascending order.",
    body: proceed,
  },
  {
    name: "receipt",
    summary: "The final word on an assignment; `counted` means that the update is in the sum, durably.",
    body: receipt,
  },
  { name: "roundClosed", summary: "The round is over without the device; stop training.", body: roundClosed },
  {
    name: "evaluate",
    summary: "Measure these versions on your labelled examples and say the sums; nothing of them is served.",
    body: evaluate,
  },
];

const DEVICE: Readonly<
  Record<DeviceChannel, Omit<ChannelDescription, "path" | "parameters" | "device"> & { device?: "reserved" }>
> = {
  birth: {
    name: "birth",
    description: "First message of a session.",
    retain: false,
    messages: [{ name: "birth", summary: "Who the device is and what it runs.", body: birth }],
  },
  state: {
    name: "presence",
    description: "Presence of the device, at most 4,096 bytes; `lost` is published by its will.",
    retain: true,
    messages: [{ name: "presence", summary: "Presence with the session it belongs to.", body: presence }],
  },
  report: {
    name: "installReports",
    description: "How far the device got towards the version it should run.",
    retain: false,
    messages: [{ name: "install", summary: "One step of an installation.", body: installReport }],
  },
  "fl/up": {
    name: "roundUp",
    description: "What a device says in a round, and of an evaluation.",
    retain: false,
    messages: ROUND_UP,
  },
  "fl/dn": {
    name: "roundDown",
    description: "What a device is told in a round, or to evaluate. Every message may come twice.",
    retain: false,
    messages: ROUND_DOWN,
  },
  desired: {
    name: "desired",
    description: "What the device should run. Only the latest document counts.",
    retain: true,
    messages: [{ name: "desired", summary: "The wanted version of every model.", body: desired }],
  },
  metrics: {
    name: "metrics",
    description:
      "What the device counted while it served: integers that add up over devices, never what it saw.",
    retain: false,
    messages: [
      {
        name: "servingMetrics",
        summary: "Counts of one version since its installation; the newest replaces the one before.",
        body: servingMetrics,
      },
      {
        name: "profileWindow",
        summary: "Counts of one window against the model's reference profile. May come twice; counts once.",
        body: profileWindow,
      },
    ],
  },
  cmd: reserved("commands"),
  "rpc/req": reserved("requests"),
  "rpc/res": {
    name: "responses",
    description: "What the server answers to single messages of the device.",
    retain: false,
    messages: [
      {
        name: "profileWindowReceipt",
        summary: "The window was counted, or never will be.",
        body: profileWindowReceipt,
      },
    ],
  },
};

const UPLOADS: ChannelDescription = {
  name: "uploads",
  path: "d/{deviceId}/fl/blk/{shard}",
  parameters: ["tenantId", "deviceId", "shard"],
  description: "Blocks of an update, in any order, to the topic that the assignment names.",
  device: "sends",
  retain: false,
  messages: [
    {
      name: "uploadBlock",
      summary:
        'Little-endian: "FGUB", version u8 = 1, length of the round id u8, attempt u16, block index u32, size of the whole update u32; then the round id in ASCII and the block.',
      body: "bytes",
    },
  ],
};

const BLOBS: ChannelDescription = {
  name: "blobs",
  path: "blob/{sha256}/{block}",
  parameters: ["tenantId", "sha256", "block"],
  description: "Content-addressed bytes, published once; a device subscribes to the blocks that it misses.",
  device: "receives",
  retain: true,
  messages: [
    {
      name: "blobBlock",
      summary: "The bytes of one block: 122,880, fewer in the last.",
      body: "bytes",
    },
  ],
};

const META: readonly ChannelDescription[] = [
  {
    name: "timestampMetadata",
    path: "meta/timestamp",
    parameters: ["tenantId"],
    description: "The newest TUF timestamp, which leads to snapshot and targets by their hashes, as blobs.",
    device: "receives",
    retain: true,
    messages: [
      { name: "timestamp", summary: "The metadata file itself, at most 16,384 bytes.", body: "bytes" },
    ],
  },
  {
    name: "rootMetadata",
    path: "meta/root",
    parameters: ["tenantId"],
    description:
      "Which TUF roots there are, as blobs. It has no authority: each root is signed by the one before.",
    device: "receives",
    retain: true,
    messages: [{ name: "rootChain", summary: "The roots, in the order of their versions.", body: rootChain }],
  },
];

const SERVER_STATE: ChannelDescription = {
  name: "serverState",
  path: "srv/state",
  parameters: ["tenantId"],
  description:
    "Presence of the aggregator. A new session asks every device to say its pending message again.",
  device: "receives",
  retain: true,
  messages: [{ name: "serverState", summary: "Presence with its session.", body: serverState }],
};

/** Every channel of the protocol, in the order of its topics. */
export function describeChannels(): readonly ChannelDescription[] {
  const below = (channel: DeviceChannel, direction: "sends" | "receives"): ChannelDescription => ({
    device: direction,
    ...DEVICE[channel],
    path: `d/{deviceId}/${channel}`,
    parameters: ["tenantId", "deviceId"],
  });
  return [
    ...DEVICE_UP_CHANNELS.map((channel) => below(channel, "sends")),
    UPLOADS,
    ...DEVICE_DOWN_CHANNELS.map((channel) => below(channel, "receives")),
    BLOBS,
    ...META,
    SERVER_STATE,
  ];
}

function reserved(name: string): (typeof DEVICE)[DeviceChannel] {
  const description = "Reserved. It carries nothing in this version; what is published here is refused.";
  return { name, description, device: "reserved", retain: false, messages: [] };
}
