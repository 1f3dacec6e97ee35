import { Aedes } from "aedes";
import { createServer, type AddressInfo } from "node:net";
import { nodeDigest } from "@fedge/device-runtime/node";
import { ScriptedServer, type ServerSide } from "../../device-runtime/src/testing/scripted-server.js";

/** A broker on a free port with a server behind it that says what a test lets it say. */
export interface ScriptedBroker {
  readonly server: ScriptedServer;
  readonly port: number;
  close(): Promise<void>;
}

export async function openScriptedBroker(): Promise<ScriptedBroker> {
  const aedes = await Aedes.createBroker({ concurrency: 0 });
  const listener = createServer((socket) => aedes.handle(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const side: ServerSide = {
    publish: (topic, payload, { retain = false } = {}) => {
      const packet = {
        cmd: "publish",
        topic,
        payload: Buffer.from(payload),
        qos: 1,
        retain,
        dup: false,
      } as const;
      aedes.publish(packet, (error) => {
        if (error) throw error;
      });
    },
    onPublished: (hear) => {
      aedes.on("publish", ({ topic, payload }, client) => {
        if (client !== null) hear(topic, Buffer.from(payload));
      });
    },
  };
  return {
    server: new ScriptedServer(side, nodeDigest),
    port: (listener.address() as AddressInfo).port,
    close: async () => {
      await new Promise<void>((resolve) => aedes.close(resolve));
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
