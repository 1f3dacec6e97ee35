import * as z from "zod/mini";
import { envelopeHeader, PROTOCOL_VERSION } from "../envelope.js";
import { MAX_MESSAGE_BYTES } from "../limits.js";
import { describeChannels, type ChannelDescription, type MessageDescription } from "./channels.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

const PARAMETERS: Readonly<Record<ChannelDescription["parameters"][number], JsonObject>> = {
  tenantId: { description: "1 to 64 letters, digits, _ or -.", examples: ["acme"] },
  deviceId: { description: "1 to 64 letters, digits, _ or -.", examples: ["dev_1"] },
  sha256: { description: "SHA-256 of the whole blob, 64 lower-case hexadecimal digits." },
  block: { description: "Index of the block, 0 to 4095, without leading zeros.", examples: ["0"] },
  shard: { description: "0 to 255, without leading zeros; the assignment names it.", examples: ["0"] },
};

const DESCRIPTION = `How devices and an aggregator talk over MQTT 3.1.1, told from the device's side.
Control messages are UTF-8 JSON in an envelope; bytes are binary. A payload is at most ${MAX_MESSAGE_BYTES} bytes.
Receivers ignore unknown fields and refuse unknown message types, values out of range and other protocol versions.
A PUBACK means that the broker has a message, not that it was acted upon: receipts say that.`;

/** The AsyncAPI 3.0 document of the protocol, as plain JSON. */
export function asyncapiDocument(): JsonObject {
  const channels = describeChannels();
  const messages = channels.flatMap((channel) => channel.messages);
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Fedge protocol",
      version: `${PROTOCOL_VERSION}.0.0`,
      description: DESCRIPTION,
      license: { name: "Apache-2.0" },
    },
    defaultContentType: "application/json",
    channels: byName(channels, channelObject),
    operations: byName(
      channels.filter(({ device }) => device !== "reserved"),
      operationObject,
      operationName,
    ),
    components: {
      messages: byName(messages, messageObject),
      schemas: {
        envelopeHeader: jsonSchema(envelopeHeader),
        ...Object.fromEntries(
          messages.flatMap(({ name, body }) => (body === "bytes" ? [] : [[name, jsonSchema(body)]])),
        ),
      },
      parameters: PARAMETERS,
    },
  };
}

function channelObject(channel: ChannelDescription): JsonObject {
  return {
    address: `fedge/${PROTOCOL_VERSION}/{tenantId}/${channel.path}`,
    description: channel.description,
    parameters: Object.fromEntries(
      channel.parameters.map((name) => [name, reference(`components/parameters/${name}`)]),
    ),
    messages: byName(channel.messages, ({ name }) => reference(`components/messages/${name}`)),
  };
}

function operationName({ name, device }: ChannelDescription): string {
  return `${device === "sends" ? "send" : "receive"}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function operationObject(channel: ChannelDescription): JsonObject {
  return {
    action: channel.device === "sends" ? "send" : "receive",
    channel: reference(`channels/${channel.name}`),
    messages: channel.messages.map(({ name }) => reference(`channels/${channel.name}/messages/${name}`)),
    bindings: { mqtt: { qos: 1, retain: channel.retain, bindingVersion: "0.2.0" } },
  };
}

function messageObject({ name, summary, body }: MessageDescription): JsonObject {
  if (body === "bytes") {
    const payload = { type: "string", format: "binary", maxLength: MAX_MESSAGE_BYTES };
    return { name, summary, contentType: "application/octet-stream", payload };
  }
  const bodyField = {
    type: "object",
    properties: { body: reference(`components/schemas/${name}`) },
    required: ["body"],
  };
  return { name, summary, payload: { allOf: [reference("components/schemas/envelopeHeader"), bodyField] } };
}

/** AsyncAPI schemas are a superset of draft 7. `input`, because receivers let unknown fields pass. */
function jsonSchema(schema: z.ZodMiniType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: "draft-7", io: "input" });
  return rest as JsonObject;
}

function reference(path: string): JsonObject {
  return { $ref: `#/${path}` };
}

function byName<T extends { readonly name: string }>(
  items: readonly T[],
  describe: (item: T) => Json,
  nameOf: (item: T) => string = ({ name }) => name,
): JsonObject {
  return Object.fromEntries(items.map((item) => [nameOf(item), describe(item)]));
}
