import { dataOf, type Line } from "@fedge/device-runtime/remote";
import { describe, expect, test } from "vitest";
import { Emitter } from "../testing/emitter.js";
import { ProcessChannels, type MessageProcess } from "./process-channels.js";

/** Two processes with a channel between them that can be cut. */
function createProcesses() {
  const emitters = [new Emitter(), new Emitter()] as const;
  const processOf = (own: Emitter, other: Emitter): MessageProcess => ({
    on: (event: string, listener: (given: never) => void) => own.on(event, listener),
    send: (message) => {
      const copy: unknown = structuredClone(message);
      queueMicrotask(() => other.emit("message", copy));
      return true;
    },
  });
  const parent = new ProcessChannels(processOf(emitters[0], emitters[1]));
  const child = new ProcessChannels(processOf(emitters[1], emitters[0]));
  return { parent, child, cut: () => emitters.forEach((emitter) => emitter.emit("disconnect")) };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function heardOn(line: Line): unknown[] {
  const heard: unknown[] = [];
  line.addEventListener("message", (event: Event) => heard.push(dataOf(event)));
  return heard;
}

/** Two open lines, both ends of each. */
async function openTwo() {
  const world = createProcesses();
  const far: Line[] = [];
  world.child.onMessage((_, line) => void (line !== null && far.push(line)));
  const near = [world.parent.postWithLine("one"), world.parent.postWithLine("two")];
  await settle();
  return { ...world, near: near as [Line, Line], far: far as [Line, Line] };
}

describe("one channel between two processes", () => {
  test("carries messages beside the lines", async () => {
    const { parent, child } = createProcesses();
    const heard: unknown[] = [];
    child.onMessage((message, line) => heard.push([message, line]));
    parent.post({ type: "stop" });
    await settle();

    expect(heard).toEqual([[{ type: "stop" }, null]]);
  });

  test("carries each line's messages to its other end, both ways", async () => {
    const { near, far } = await openTwo();
    const [first, second, back] = [heardOn(far[0]), heardOn(far[1]), heardOn(near[0])];
    near[0].postMessage("to the first", []);
    near[1].postMessage(new Float32Array([1, 2]), []);
    far[0].postMessage("back", []);
    await settle();

    expect([first, second, back]).toEqual([["to the first"], [new Float32Array([1, 2])], ["back"]]);
  });

  test("tells the other end of a line's close, and of no other line's", async () => {
    const { near, far } = await openTwo();
    const closed: string[] = [];
    far[0].onClose(() => closed.push("first"));
    far[1].onClose(() => closed.push("second"));
    near[0].close();
    near[0].close();
    await settle();

    expect(closed).toEqual(["first"]);
  });

  test("drops what comes for a line that is closed", async () => {
    const { near, far } = await openTwo();
    const heard = heardOn(near[0]);
    near[0].close();
    far[0].postMessage("too late", []);
    await settle();

    expect(heard).toEqual([]);
  });

  test("ends every line when the other process is gone", async () => {
    const { near, child, cut } = await openTwo();
    const ended: string[] = [];
    near.forEach((line, at) => line.onClose(() => ended.push(`line ${at}`)));
    child.onEnded(() => ended.push("parent"));
    cut();

    expect(ended.sort()).toEqual(["line 0", "line 1", "parent"]);
  });
});
