import { FedgeError } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { Device, DeviceStatus } from "../../core/device-interface.js";
import type { LogRow } from "../../core/feature-log/log-row.js";
import type { LogQuery } from "../../core/feature-log/log-selection.js";
import type { Consent } from "../../core/ports/application.js";
import { ManualClock } from "../../testing/manual-clock.js";
import type { Leadership } from "./leadership.js";
import { joinDevice, type BrowserDevice, type SharedDeviceParts } from "./shared-device.js";
import type { TabLine, TabMessage } from "./tab-messages.js";

/** A browser's tabs: a lock that goes to the next in the queue, and a line that all but the speaker hear. */
class Tabs {
  readonly #ears = new Set<(message: TabMessage) => void>();
  readonly #queue: (() => Promise<void>)[] = [];
  #isHeld = false;
  readonly clock = new ManualClock();
  /** Devices that were opened, by tab. */
  readonly opened: string[] = [];
  readonly consents: object[] = [];
  /** What devices were told, by the tab whose they are. */
  readonly heard: unknown[] = [];

  readonly leadership: Leadership = {
    request: (lead, signal) => {
      const isFree = !this.#isHeld;
      this.#queue.push(() => (signal.aborted ? Promise.resolve() : lead()));
      this.#next();
      return Promise.resolve(isFree);
    },
  };

  /** Listeners for a person's keys, by tab. */
  readonly keys = new Map<string, () => void>();

  join(
    tab: string,
    open?: () => Promise<Device>,
    said: Partial<Pick<SharedDeviceParts, "server" | "models" | "consent">> = {},
  ): Promise<BrowserDevice> {
    return joinDevice({
      ...{ server: "https://fedge.example", models: ["digits"], consent: {}, ...said },
      ...{ tab, clock: this.clock, leadership: this.leadership },
      watchUse: (used) => {
        this.keys.set(tab, used);
        return () => this.keys.delete(tab);
      },
      usedElsewhere: () => this.heard.push([tab, "used elsewhere"]),
      line: this.#newLine(),
      open: (consent, models) => {
        this.opened.push(tab);
        this.consents.push(consent);
        return open?.() ?? Promise.resolve(doubleOf(tab, this.heard, models, consent));
      },
    });
  }

  #next(): void {
    const lead = this.#isHeld ? undefined : this.#queue.shift();
    if (lead === undefined) return;
    this.#isHeld = true;
    void lead().finally(() => {
      this.#isHeld = false;
      this.#next();
    });
  }

  #newLine(): TabLine {
    let hear: (message: TabMessage) => void = () => undefined;
    const own = (message: TabMessage): void => hear(message);
    this.#ears.add(own);
    return {
      listen: (listener) => void (hear = listener),
      postMessage: (message) => {
        for (const ear of this.#ears) if (ear !== own) queueMicrotask(() => ear(message));
      },
      close: () => void this.#ears.delete(own),
    };
  }
}

/** The newest first; more than are asked for at once. */
function rowsOf(tab: string): readonly LogRow[] {
  return Array.from({ length: 70 }, (_, at) => ({
    ...{ id: `${99 - at} of ${tab}`, atMs: at, model: "digits", version: 3, inputs: {}, outputs: null },
    ...{ fields: {}, label: null, labelledAtMs: null, explanation: null },
  }));
}

/** A device whose predictions say which tab made them. */
function doubleOf(
  tab: string,
  heard: unknown[] = [],
  models: readonly string[] = ["digits"],
  given: Partial<Consent> = {},
): Device & { readonly isClosed: boolean } {
  const listeners: (readonly [event: string, listener: (detail: never) => void])[] = [];
  const versions = Object.fromEntries(models.map((model) => [model, 3]));
  let consent = given;
  const double = {
    isClosed: false,
    model: () => ({
      version: 3,
      predict: (inputs: object) =>
        "bad" in inputs
          ? Promise.reject(new FedgeError("MODEL_INPUT_INVALID", "no"))
          : Promise.resolve({ outputs: {}, version: 3, id: `by ${tab}` }),
    }),
    on: (event: string, listener: (detail: never) => void) => {
      listeners.push([event, listener]);
      return () => undefined;
    },
    status: () => ({ deviceId: "d", versions, consent }) as unknown as DeviceStatus,
    setConsent: (given: object) => void (consent = { ...consent, ...given }),
    log: (id: string, fields: object) => Promise.resolve(void heard.push([tab, "log", id, fields])),
    label: (id: string, truth: unknown) => Promise.resolve(void heard.push([tab, "label", id, truth])),
    featureLog: {
      query: ({ limit = 1, beforeId = "~" }: LogQuery = {}) =>
        Promise.resolve(
          rowsOf(tab)
            .filter(({ id }) => id < beforeId)
            .slice(0, limit),
        ),
      erase: (selection: object) => {
        heard.push([tab, "erase", selection]);
        return Promise.resolve(7);
      },
    },
    forget: () => {
      for (const [event, listener] of listeners) {
        if (event === "forgotten") listener({ isServerTold: true } as never);
      }
      return Promise.resolve({ isServerTold: true });
    },
    close: () => {
      double.isClosed = true;
      return Promise.resolve();
    },
  };
  return double as never;
}

/** Lets all that is promised come. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const predict = async (device: BrowserDevice): Promise<string> =>
  (await device.model("digits").predict({})).id;

describe("tabs of one device", () => {
  test("one leads, and the others answer through it", async () => {
    const tabs = new Tabs();
    const [first, second] = [await tabs.join("first"), await tabs.join("second")];

    expect([first.role, second.role, tabs.opened]).toEqual(["leader", "follower", ["first"]]);
    expect([await predict(first), await predict(second)]).toEqual(["by first", "by first"]);
    expect(second.model("digits").version).toBe(3);
  });

  test("the next one leads when the first closes, and what was asked meanwhile is answered", async () => {
    const tabs = new Tabs();
    const [first, second, third] = [
      await tabs.join("first"),
      await tabs.join("second"),
      await tabs.join("third"),
    ];
    const closing = first.close();
    const asked = [predict(second), predict(third)];
    await closing;

    expect(await Promise.all(asked)).toEqual(["by second", "by second"]);
    expect([second.role, third.role]).toEqual(["leader", "follower"]);
  });

  test("a failure of the one that leads reaches the tab that asked, with its code", async () => {
    const tabs = new Tabs();
    await tabs.join("first");
    const second = await tabs.join("second");

    await expect(second.model("digits").predict({ bad: [] } as never)).rejects.toMatchObject({
      code: "MODEL_INPUT_INVALID",
    });
  });

  test("what one notes, labels, asks and erases is carried out by the one that leads", async () => {
    const tabs = new Tabs();
    await tabs.join("first");
    const second = await tabs.join("second");
    await second.log("p1", { action: "accepted" });
    await second.label("p1", 3);

    expect(tabs.heard).toEqual([
      ["first", "log", "p1", { action: "accepted" }],
      ["first", "label", "p1", 3],
    ]);
    expect(await second.featureLog.query()).toMatchObject([{ id: "99 of first" }]);
    expect(await second.featureLog.erase()).toBe(7);
  });

  test.each<[string, object]>([
    ["inherits its ids", Object.create({ ids: ["1"] }) as object],
    ["hides its ids", { [Symbol("ids")]: ["1"] }],
    ["is a set of ids", new Set(["1"])],
  ])("a selection to erase that %s does not become one of all rows on its way", async (_, selection) => {
    const tabs = new Tabs();
    await tabs.join("first");
    const second = await tabs.join("second");

    await expect(second.featureLog.erase(selection)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    expect(tabs.heard).toEqual([]);
  });

  test("what is erased is what was meant when it was asked, before all that is asked later", async () => {
    const tabs = new Tabs();
    await tabs.join("first");
    const second = await tabs.join("second");
    const selection: { ids?: readonly string[] } = { ids: ["1"] };
    const erasing = second.featureLog.erase(selection);
    delete selection.ids;
    await Promise.all([second.log("p1", {}), erasing]);

    expect(tabs.heard).toEqual([
      ["first", "erase", { ids: ["1"] }],
      ["first", "log", "p1", {}],
    ]);
  });

  test("what is erased after the one that led has closed is erased by the next", async () => {
    const tabs = new Tabs();
    const [first, second] = [await tabs.join("first"), await tabs.join("second")];
    const erasing = second.featureLog.erase({ ids: ["1"] });
    await first.close();
    await erasing;

    expect(tabs.heard.at(-1)).toEqual(["second", "erase", { ids: ["1"] }]);
  });

  test("any of them gives all rows of the one that leads for the person to keep, a page after the other", async () => {
    const tabs = new Tabs();
    const all = [await tabs.join("first"), await tabs.join("second")];
    const exported = await Promise.all(
      all.map(async ({ featureLog }) => {
        const lines: { readonly id?: string }[] = [];
        for await (const line of featureLog.export())
          lines.push(JSON.parse(line) as { readonly id?: string });
        return lines.slice(1).map(({ id }) => id);
      }),
    );
    const ids = rowsOf("first").map(({ id }) => id);

    expect(exported).toEqual([ids, ids]);
  });

  test("all of them end when one asks for the device to be forgotten, and none takes it up again", async () => {
    const tabs = new Tabs();
    const all = [await tabs.join("first"), await tabs.join("second"), await tabs.join("third")];
    const told: string[] = [];
    all.forEach((device, at) => device.on("forgotten", () => told.push(`tab ${at}`)));

    expect(await all[1]?.forget()).toEqual({ isServerTold: true });
    await Promise.all(all.map((device) => device.close()));

    expect(told.sort()).toEqual(["tab 0", "tab 1", "tab 2"]);
    expect(tabs.opened).toEqual(["first"]);
  });

  test("whoever asked to be forgotten hears of it though the tab that leads closes at once", async () => {
    const tabs = new Tabs();
    const [first, second] = [await tabs.join("first"), await tabs.join("second")];
    first.on("forgotten", () => void first.close());
    second.on("forgotten", () => void second.close());

    expect(await second.forget()).toEqual({ isServerTold: true });
  });

  test("consent that one tab gives is kept by whichever tab leads next", async () => {
    const tabs = new Tabs();
    const first = await tabs.join("first");
    const [second, third] = [await tabs.join("second"), await tabs.join("third")];
    third.setConsent({ training: true });
    await predict(second);
    await first.close();
    await predict(second);

    expect(tabs.consents).toEqual([{}, { training: true }]);
  });

  test.each([
    { had: { training: true }, said: { training: false } },
    { had: { training: false }, said: { training: true } },
  ])(
    "what a second tab's app says of consent ($said) is the device's before it answers",
    async ({ had, said }) => {
      const tabs = new Tabs();
      const first = await tabs.join("first", undefined, { consent: { ...had, reporting: true } });
      const second = await tabs.join("second", undefined, { consent: said });

      const expected = { ...said, reporting: true };
      expect([first.status().consent, second.status().consent]).toEqual([expected, expected]);
      await first.close();
      await predict(second);
      expect(tabs.consents[1]).toEqual(expected);
    },
  );

  test("what a second tab's app says goes with it when it takes over before it was answered", async () => {
    const tabs = new Tabs();
    const first = await tabs.join("first", undefined, { consent: { training: true } });
    const joining = tabs.join("second", undefined, { consent: { training: false } });
    await first.close();
    const second = await joining;

    expect(second.status().consent).toMatchObject({ training: false });
  });

  test("a tab that does not lead shows what it was told of consent at once", async () => {
    const tabs = new Tabs();
    await tabs.join("first", undefined, { consent: { training: true } });
    const second = await tabs.join("second");
    second.setConsent({ training: false });
    const atOnce = second.status().consent;
    await settled();

    expect([atOnce, second.status().consent]).toEqual([{ training: false }, { training: false }]);
  });

  test("a tab that means another server, or a model that the device has not, is told what to do", async () => {
    const tabs = new Tabs();
    await tabs.join("first", undefined, { models: ["digits", "words"] });
    const join = (said: Parameters<Tabs["join"]>[2]) => tabs.join("second", undefined, said);

    await expect(join({ server: "https://other.example" })).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining("give another databaseName") as string,
    });
    await expect(join({ models: ["digits", "faces"] })).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining("no faces; list all models in every page") as string,
    });
    expect((await join({ models: ["words"] })).role).toBe("follower");
  });

  test("a tab that takes over goes on with the models that other tabs use", async () => {
    const tabs = new Tabs();
    const first = await tabs.join("first", undefined, { models: ["digits", "words"] });
    const second = await tabs.join("second");
    await tabs.join("third", undefined, { models: ["words"] });
    await first.close();
    await settled();

    expect(Object.keys(second.status().versions)).toEqual(["digits", "words"]);
  });

  test("a first tab that cannot open the device says why, and the next one tries", async () => {
    const tabs = new Tabs();
    const failing = tabs.join("first", () => Promise.reject(new FedgeError("STORAGE_FAILED", "no")));

    await expect(failing).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    expect((await tabs.join("second")).role).toBe("leader");
  });

  /** Two tabs, of which the second cannot open the device at its first takeovers. */
  async function failingTakeover(numFailures: number) {
    const tabs = new Tabs();
    let numAttempts = 0;
    const first = await tabs.join("first");
    const second = await tabs.join("second", () => {
      numAttempts += 1;
      const error = new FedgeError("ENGINE_UNAVAILABLE", "no engine");
      return numAttempts <= numFailures ? Promise.reject(error) : Promise.resolve(doubleOf("second"));
    });
    return { tabs, first, second };
  }

  test("what waits while a takeover fails is told the reason at once", async () => {
    const { first, second } = await failingTakeover(1);
    const closing = first.close();
    const refused = expect(predict(second)).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
    await closing;

    await refused;
  });

  test("a tab whose takeover failed asks again, later each time, and leads in the end", async () => {
    const { tabs, first, second } = await failingTakeover(2);
    const failures: unknown[] = [];
    second.on("error", (error) => failures.push(error));
    await first.close();
    const numOpened: number[] = [];
    for (const waitMs of [0, 999, 1, 1999, 1]) {
      tabs.clock.advance(waitMs);
      await settled();
      numOpened.push(tabs.opened.filter((tab) => tab === "second").length);
    }

    expect(numOpened).toEqual([1, 1, 2, 2, 3]);
    expect(failures).toMatchObject([{ code: "ENGINE_UNAVAILABLE" }, { code: "ENGINE_UNAVAILABLE" }]);
    expect([second.role, await predict(second)]).toEqual(["leader", "by second"]);
  });

  test("a tab that was closed after a failed takeover does not ask again", async () => {
    const { tabs, first, second } = await failingTakeover(1);
    await first.close();
    await settled();
    await second.close();
    tabs.clock.advance(60_000);
    await settled();

    expect(tabs.opened).toEqual(["first", "second"]);
  });

  test("use of any tab is told to the one that leads, whose own it is not told", async () => {
    const tabs = new Tabs();
    await tabs.join("first");
    await tabs.join("second");
    tabs.keys.get("first")?.();
    tabs.keys.get("second")?.();
    await settled();

    expect(tabs.heard).toEqual([["first", "used elsewhere"]]);
  });

  test("a tab that nobody answers for a minute says so", async () => {
    const tabs = new Tabs();
    void tabs.leadership.request(() => new Promise(() => undefined), new AbortController().signal);
    const joining = tabs.join("alone");
    const refused = expect(joining).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await Promise.resolve();
    tabs.clock.advance(60_000);

    await refused;
  });

  test("a closed tab answers nothing more, and closing again is no error", async () => {
    const tabs = new Tabs();
    await tabs.join("first");
    const second = await tabs.join("second");
    const asked = predict(second);
    const refused = expect(asked).rejects.toMatchObject({ code: "CLOSED" });
    await second.close();
    await second.close();

    await refused;
  });

  test.each(["first", "second"])(
    "whatever is asked of a closed tab is answered with CLOSED: the %s",
    async (name) => {
      const tabs = new Tabs();
      const both = { first: await tabs.join("first"), second: await tabs.join("second") };
      const device = both[name as keyof typeof both];
      await device.close();
      const asked = await Promise.allSettled([
        predict(device),
        device.log("1", {}),
        device.label("1", 3),
        device.featureLog.query(),
        device.featureLog.erase(),
        device.forget(),
      ]);

      expect(asked).toMatchObject(Array(6).fill({ status: "rejected", reason: { code: "CLOSED" } }));
    },
  );

  test("what another tab asked and a closing one did not do any more is done by the next that leads", async () => {
    const tabs = new Tabs();
    let refuse: (error: Error) => void = () => undefined;
    const closing: Device = {
      ...doubleOf("first"),
      log: () => new Promise((_, reject) => (refuse = reject)),
    };
    const [first, second] = [
      await tabs.join("first", () => Promise.resolve(closing)),
      await tabs.join("second"),
    ];
    const logging = second.log("1", { action: "accepted" });
    await settled();
    const closed = first.close();
    refuse(new FedgeError("CLOSED", "the device is closed"));
    await Promise.all([closed, logging]);

    expect(tabs.heard).toEqual([["second", "log", "1", { action: "accepted" }]]);
  });
});
