import { describe, expect, test } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { watchPage, type PageConditions, type PageHost } from "./page-conditions.js";

class Document extends EventTarget {
  visibilityState = "visible";
}

class Battery extends EventTarget {
  charging = true;

  plug(charging: boolean): void {
    this.charging = charging;
    this.dispatchEvent(new Event("chargingchange"));
  }
}

class Connection extends EventTarget {
  saveData = false;
  type = "wifi";

  become(fields: Partial<Connection>): void {
    Object.assign(this, fields);
    this.dispatchEvent(new Event("change"));
  }
}

/** Lets what the browser promised arrive. */
const told = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function watch(more: Partial<PageHost["navigator"]> = {}) {
  const [document, battery, connection, clock] = [
    new Document(),
    new Battery(),
    new Connection(),
    new ManualClock(),
  ];
  const storage = { estimate: () => Promise.resolve({ quota: 1e9, usage: 0 }) };
  const navigator = { getBattery: () => Promise.resolve(battery), connection, storage, ...more };
  const conditions = watchPage({ document, navigator }, clock);
  await told();
  return { document, battery, connection, clock, conditions };
}

function countChanges(conditions: PageConditions): () => number {
  let count = 0;
  conditions.onChange(() => (count += 1));
  return () => count;
}

describe("the conditions of a page", () => {
  test("fall and rise with the battery's charging, and tell so each time", async () => {
    const { battery, conditions } = await watch();
    const changes = countChanges(conditions);
    const eligible = [conditions.isEligible()];
    for (const charging of [false, true]) {
      battery.plug(charging);
      eligible.push(conditions.isEligible());
    }

    expect([eligible, changes()]).toEqual([[true, false, true], 2]);
  });

  test.each<[string, Partial<Connection>]>([
    ["data saving is asked for", { saveData: true }],
    ["the connection is a phone's", { type: "cellular" }],
  ])("fall when %s", async (_, fields) => {
    const { connection, conditions } = await watch();
    connection.become(fields);

    expect(conditions.reasons()).toEqual(["on a metered connection"]);
  });

  test("fall at the first key, and rise when the page was left alone for as long as the policy says", async () => {
    const { document, clock, conditions } = await watch();
    const changes = countChanges(conditions);
    document.dispatchEvent(new Event("keydown"));
    const during = conditions.reasons();
    clock.advance(10_250);

    expect([during, conditions.reasons(), changes()]).toEqual([["in use"], [], 2]);
  });

  test("fall when little storage is left", async () => {
    const storage = { estimate: () => Promise.resolve({ quota: 1e9, usage: 1e9 - 1 }) };
    const { conditions } = await watch({ storage });

    expect(conditions.reasons()).toEqual(["little storage left"]);
  });

  test("fall when another page of the device is used, as with this one", async () => {
    const { clock, conditions } = await watch();
    conditions.usedElsewhere();
    const during = conditions.reasons();
    clock.advance(10_250);

    expect([during, conditions.reasons()]).toEqual([["in use"], []]);
  });

  test("look at storage within half a second while a training runs, and once a minute otherwise", async () => {
    let numAsked = 0;
    const storage = {
      estimate: () => {
        numAsked += 1;
        return Promise.resolve({ quota: 1e9, usage: 0 });
      },
    };
    const { clock, conditions } = await watch({ storage });
    const asked = (withinMs: number): number => {
      const before = numAsked;
      clock.advance(withinMs);
      return numAsked - before;
    };
    const resting = asked(59_000);
    conditions.trainingChanged(true);
    const training = asked(1000);
    conditions.trainingChanged(false);

    expect([resting, training, asked(59_000)]).toEqual([0, 2, 0]);
  });

  test("fall within half a second of storage that fills up under a training", async () => {
    let usage = 0;
    const storage = { estimate: () => Promise.resolve({ quota: 1e9, usage }) };
    const { clock, conditions } = await watch({ storage });
    conditions.trainingChanged(true);
    usage = 1e9;
    clock.advance(500);
    await told();

    expect(conditions.reasons()).toEqual(["little storage left"]);
  });

  test("hold in a browser that tells nothing, or refuses to", async () => {
    const refuse = (): Promise<never> => Promise.reject(new Error("not allowed"));
    const silent = watchPage({ document: new Document(), navigator: {} }, new ManualClock());
    const { conditions } = await watch({ getBattery: refuse, storage: { estimate: refuse } });

    expect([silent.isEligible(), conditions.isEligible()]).toEqual([true, true]);
  });

  test("hold in a browser that throws when asked for its battery, and has half a storage", async () => {
    const getBattery = (): never => {
      throw new TypeError("Illegal invocation");
    };
    const { conditions } = await watch({ getBattery, storage: {} });

    expect(conditions.isEligible()).toBe(true);
  });

  test("tell nothing any more once they are closed", async () => {
    const { battery, document, clock, conditions } = await watch();
    const changes = countChanges(conditions);
    conditions.close();
    battery.plug(false);
    document.dispatchEvent(new Event("keydown"));
    clock.advance(120_000);
    await told();

    expect(changes()).toBe(0);
  });
});
