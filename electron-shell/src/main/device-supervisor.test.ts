import { ManualClock } from "@fedge/device-runtime/testing";
import { describe, expect, test } from "vitest";
import { ENDED, GONE, PORT } from "../messages/channels.js";
import { ElectronDouble } from "../testing/electron-double.js";
import { ScriptedProcess } from "../testing/process-double.js";
import { FrameDouble } from "../testing/window-double.js";
import { DeviceSupervisor, type ProcessState } from "./device-supervisor.js";

const SUMMARY = { isOnline: true, versions: { digits: 2 }, waitingFor: [], phase: "resting", problems: [] };
const DEVICE = { server: "http://127.0.0.1:1", models: ["digits" as never], stateDirectory: "/tmp/none" };

function createSupervisor() {
  const clock = new ManualClock();
  const processes: ScriptedProcess[] = [];
  const electron = new ElectronDouble({
    userData: "",
    fork: () => {
      const process = new ScriptedProcess();
      processes.push(process);
      return process;
    },
  });
  const states: ProcessState[] = [];
  const refused: string[] = [];
  const supervisor = new DeviceSupervisor({
    ...{ electron: electron.api, clock, modulePath: "entry.js", device: DEVICE },
    reasons: () => ["in use"],
    onState: (state) => states.push(state),
    onRefused: (message) => refused.push(message),
  });
  const last = (): ScriptedProcess => processes.at(-1) as ScriptedProcess;
  const die = (times: number): void => {
    for (let time = 0; time < times; time += 1) {
      last().end(9);
      clock.advance(2000);
    }
  };
  return { clock, processes, states, refused, supervisor, last, die };
}

const channels = (frame: FrameDouble): string[] => frame.sent.map(({ channel }) => channel);

describe("the device's process", () => {
  test("is told which device it hosts, and what stands against a training", () => {
    const { supervisor, last } = createSupervisor();
    supervisor.start();
    supervisor.conditionsChanged();

    expect(last().told.map(({ message }) => message)).toEqual([
      { type: "start", device: DEVICE, reasons: ["in use"] },
      { type: "conditions", reasons: ["in use"] },
    ]);
  });

  test("tells how its device is", () => {
    const { supervisor, last, states } = createSupervisor();
    supervisor.start();
    last().say({ type: "summary", summary: SUMMARY });
    last().say({ type: "failed", code: "STATE_DIRECTORY_LOCKED", message: "the directory is locked" });

    expect(states).toEqual([
      { phase: "running", summary: null, failure: null },
      { phase: "running", summary: SUMMARY, failure: null },
      { phase: "running", summary: null, failure: "the directory is locked" },
    ]);
  });

  test.each<[string, unknown]>([
    ["no message", "hello"],
    ["an unknown one", { type: "eval" }],
    ["half of one", { type: "summary", summary: { isOnline: true } }],
    ["one that it refused itself", { type: "refused", message: "nonsense came" }],
  ])("is heard to have sent %s, which changes nothing", (_, message) => {
    const { supervisor, last, states, refused } = createSupervisor();
    supervisor.start();
    last().say(message);

    expect([states.length, refused.length]).toEqual([1, 1]);
  });

  test("gets one end of a line, and the page that asked the other", () => {
    const { supervisor, last } = createSupervisor();
    const frame = new FrameDouble();
    supervisor.start();
    supervisor.connect(frame);

    expect(last().told.at(-1)).toMatchObject({ message: { type: "connect" }, ports: [{}] });
    expect(frame.sent).toMatchObject([{ channel: PORT, ports: [{}] }]);
  });
});

describe("a process that dies", () => {
  test("is started again after a wait, and told the same", () => {
    const { supervisor, clock, processes, states } = createSupervisor();
    supervisor.start();
    processes[0]?.end(139);
    const waiting = processes.length;
    clock.advance(250);

    expect([waiting, processes.length]).toEqual([1, 2]);
    expect(processes[1]?.told).toEqual(processes[0]?.told);
    expect(states.map(({ phase }) => phase)).toEqual(["running", "starting", "running"]);
  });

  test("is told to the pages that had a line, and gives one to those that ask meanwhile", () => {
    const { supervisor, clock, last } = createSupervisor();
    const [had, asks] = [new FrameDouble(), new FrameDouble()];
    supervisor.start();
    supervisor.connect(had);
    last().end(9);
    supervisor.connect(asks);
    const before = channels(asks);
    clock.advance(250);

    expect([channels(had), before, channels(asks)]).toEqual([[PORT, ENDED], [], [PORT]]);
  });

  test("is given up at the fifth death in a minute, and whoever asks is told why", () => {
    const { supervisor, processes, die, clock } = createSupervisor();
    const [waits, asks] = [new FrameDouble(), new FrameDouble()];
    supervisor.start();
    die(4);
    processes.at(-1)?.end(9);
    supervisor.connect(waits);
    clock.advance(120_000);
    supervisor.connect(asks);

    expect([processes.length, supervisor.state.phase]).toEqual([5, "gone"]);
    for (const frame of [waits, asks])
      expect(frame.sent).toMatchObject([{ channel: GONE, message: expect.stringContaining("code 9") }]);
  });

  test("is started again by its person, with as many tries as at first", () => {
    const { supervisor, processes, die } = createSupervisor();
    supervisor.start();
    die(5);
    supervisor.startAgain();
    die(4);

    expect([processes.length, supervisor.state.phase]).toEqual([10, "running"]);
  });

  test("does not keep the others from hearing of it when one page is gone", () => {
    const { supervisor, last } = createSupervisor();
    const [gone, here] = [new FrameDouble(), new FrameDouble()];
    supervisor.start();
    supervisor.connect(gone);
    supervisor.connect(here);
    gone.passTo(() => {
      throw new Error("Render frame was disposed before WebFrameMain could be accessed");
    });
    last().end(9);

    expect(channels(here)).toEqual([PORT, ENDED]);
  });
});

describe("a stop", () => {
  test("waits for the process to end by itself", async () => {
    const { supervisor, last } = createSupervisor();
    supervisor.start();
    const stopping = supervisor.stop();
    const asked = last().told.at(-1)?.message;
    last().say({ type: "stopped" });
    last().end(0);
    await stopping;

    expect([asked, last().isKilled, supervisor.state.phase]).toEqual([{ type: "stop" }, false, "stopped"]);
  });

  test("kills a process that has not ended after five seconds", async () => {
    const { supervisor, last, clock } = createSupervisor();
    supervisor.start();
    const stopping = supervisor.stop();
    clock.advance(4999);
    const early = last().isKilled;
    clock.advance(1);
    await stopping;

    expect([early, last().isKilled]).toEqual([false, true]);
  });

  test("is the end: a death that was waited for starts nothing, and pages are told", async () => {
    const { supervisor, last, clock, processes } = createSupervisor();
    const frame = new FrameDouble();
    supervisor.start();
    last().end(9);
    await supervisor.stop();
    supervisor.connect(frame);
    clock.advance(60_000);

    expect([processes.length, channels(frame)]).toEqual([1, [GONE]]);
  });
});
