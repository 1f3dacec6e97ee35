import { describe, expect, test } from "vitest";
import { createPortPair } from "./port-double.js";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** After https://www.electronjs.org/docs/latest/api/message-port-main. */
describe("a channel's ports do as Electron's", () => {
  test("messages wait until the port is started, and keep their order", async () => {
    const { port1, port2 } = createPortPair();
    const heard: unknown[] = [];
    port2.on("message", ({ data }) => heard.push(data));
    port1.postMessage(1);
    port1.postMessage(2);
    await settle();
    const before = [...heard];
    port2.start();

    expect([before, heard]).toEqual([[], [1, 2]]);
  });

  test("messages are copies", async () => {
    const { port1, port2 } = createPortPair();
    const heard: unknown[] = [];
    port2.on("message", ({ data }) => heard.push(data));
    port2.start();
    const message = { values: new Float32Array([1]) };
    port1.postMessage(message);
    message.values[0] = 2;
    await settle();

    expect(heard).toEqual([{ values: new Float32Array([1]) }]);
  });

  test("a close is told to the other end once, after which nothing arrives", async () => {
    const { port1, port2 } = createPortPair();
    const heard: unknown[] = [];
    port2.on("message", ({ data }) => heard.push(data));
    port2.on("close", () => heard.push("closed"));
    port2.start();
    port1.close();
    port1.close();
    port1.postMessage("too late");
    await settle();

    expect(heard).toEqual(["closed"]);
  });
});
