import { FedgeError, decodeWith, deviceId, tenantId } from "@fedge/protocol";
import { generateKeyPairSync, sign } from "node:crypto";
import { request } from "node:http";
import * as z from "zod/mini";
import { enrolmentMessage } from "../../identity/device-identity.js";
import type { FleetMember } from "./simulated-fleet.js";

const SPKI_PREFIX_BYTES = 12;
/** The server lets so many enrol from one address at once, and then a hundred in a second. */
const ENROLMENTS_PER_ADDRESS = 1900;

const answerBody = z.object({
  deviceId,
  tenantId,
  token: z.string(),
  mqtt: z.object({ tcpUrl: z.string() }),
});

/** A new device with its token. Throws SERVER_UNREACHABLE when the server refuses it. */
export async function enrolledDevice(serverUrl: string, index: number): Promise<FleetMember> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX_BYTES);
  const key = raw.toString("base64url");
  const timestampMs = Date.now();
  const message = enrolmentMessage(key, timestampMs);
  const proof = sign(null, Buffer.from(message, "utf8"), privateKey).toString("base64url");
  const body = { publicKey: key, timestampMs, proof };
  // A fleet does not come from one address; Linux has all of 127.0.0.0/8 on its loopback.
  const localAddress = `127.0.0.${2 + Math.floor(index / ENROLMENTS_PER_ADDRESS)}`;
  const text = await post(`${serverUrl}/v1/devices`, JSON.stringify(body), localAddress);
  const context = { what: "answer to an enrolment", code: "MESSAGE_MALFORMED" } as const;
  const { mqtt, ...member } = decodeWith(answerBody, JSON.parse(text) as unknown, context);
  return { ...member, port: Number(new URL(mqtt.tcpUrl).port) };
}

function post(url: string, body: string, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request(url, { method: "POST", headers, localAddress }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        if (response.statusCode === 200 || response.statusCode === 201) return resolve(text);
        reject(new FedgeError("SERVER_UNREACHABLE", `${url}: ${response.statusCode} ${text}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
