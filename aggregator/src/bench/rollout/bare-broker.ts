import { Aedes } from "aedes";
import { createServer, type AddressInfo } from "node:net";
import { SessionMemory } from "../../broker/session-memory.js";
import type { BareOrder, BareWord } from "./bare-broker-port.js";

/*
 * A process with the same broker and nothing behind it: no tokens, no rules, no database. It publishes a document
 * for each topic and counts what comes back, which is the least that a rollout over this broker can cost.
 */

const broker = new Aedes({ persistence: new SessionMemory(), concurrency: 0, queueLimit: 42 });
await broker.listen();
const listener = createServer({ noDelay: true }, (socket) => broker.handle(socket));
listener.listen(0, "127.0.0.1", () =>
  say({ type: "listening", port: (listener.address() as AddressInfo).port }),
);

process.on("message", (order: BareOrder) => publish(order));

function publish({ topics, payload, numReports }: BareOrder): void {
  const before = process.cpuUsage();
  let numHeard = 0;
  const hear = (_packet: unknown, done: () => void): void => {
    numHeard += 1;
    if (numHeard === numReports) {
      const { user, system } = process.cpuUsage(before);
      say({ type: "done", cpuSeconds: (user + system) / 1e6 });
    }
    done();
  };
  broker.subscribe("fedge/1/+/d/+/report", hear, () => {
    for (const topic of topics) {
      const packet = {
        cmd: "publish",
        topic,
        payload: Buffer.from(payload),
        qos: 1,
        retain: true,
        dup: false,
      };
      broker.publish(packet as Parameters<typeof broker.publish>[0], (error) => {
        if (error) throw error;
      });
    }
  });
}

function say(word: BareWord): void {
  process.send?.(word);
}
