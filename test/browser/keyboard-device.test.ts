import { DEMO_WORDS, PersonalWords, Vocabulary } from "@fedge/browser-demo/words";
import { ManualClock } from "@fedge/device-runtime/testing";
import { describe, expect, test } from "vitest";
import { forgetWords, hearWords, keepWords, keptWords } from "../../browser-demo/page/device/kept-words.js";
import { KeyboardConditions } from "../../browser-demo/page/device/keyboard-conditions.js";
import {
  KeyboardModel,
  splitAtCaret,
  type PredictingDevice,
} from "../../browser-demo/page/device/keyboard-model.js";
import { openPageStorage } from "../../browser-demo/page/device/page-storage.js";
import { TypedContexts } from "../../browser-demo/page/device/typed-contexts.js";

const vocabulary = new Vocabulary(DEMO_WORDS);

/** Finds the word likeliest that it is told, and remembers what it is asked, noted and labelled. */
function deviceDouble(likely = "station", version: number | null = 1) {
  const asked: (readonly number[])[] = [];
  const notes: (readonly [string, object])[] = [];
  const labels: (readonly [string, unknown])[] = [];
  const device: PredictingDevice = {
    model: () => ({
      version,
      predict: ({ tokens }) => {
        asked.push(tokens as readonly number[]);
        const data = new Float32Array(vocabulary.size);
        data[vocabulary.idOf(likely)] = 1;
        const logits = { shape: [1, vocabulary.size], data };
        return Promise.resolve({ outputs: { logits }, version: 1, id: `p${asked.length}` });
      },
    }),
    log: (id, fields) => Promise.resolve(void notes.push([id, fields])),
    label: (id, truth) => Promise.resolve(void labels.push([id, truth])),
  };
  return { device, asked, notes, labels };
}

const modelOn = (device: PredictingDevice, personal = new PersonalWords()): KeyboardModel =>
  new KeyboardModel(() => Promise.resolve(device), personal);

describe("the keyboard's model", () => {
  test.each([
    ["see you at the ", { words: ["see", "you", "at", "the"], partial: "" }],
    ["see you at the sta", { words: ["see", "you", "at", "the"], partial: "sta" }],
    ["Thanks. I'", { words: [], partial: "I'" }],
  ])("asks for what follows %j", (before, split) => {
    expect(splitAtCaret(before)).toEqual(split);
  });

  test("suggests the likeliest word, and says which prediction it came from", async () => {
    const { device } = deviceDouble();
    const [first] = await modelOn(device).suggest("see you at the ");

    expect(first).toEqual({ word: "station", predictionId: "p1" });
  });

  test("predicts once for each word, however many letters of the next are typed", async () => {
    const { device, asked } = deviceDouble();
    const model = modelOn(device);
    for (const before of ["see ", "see y", "see yo", "see you", "see you "]) await model.suggest(before);

    expect(asked).toHaveLength(2);
  });

  test("labels each prediction with the word that was typed, and predicts where it had not", async () => {
    const { device, labels, asked } = deviceDouble();
    const model = modelOn(device);
    await model.suggest("see ");
    await model.finished("See you.");

    expect(labels).toEqual([
      ["p2", vocabulary.idOf("see")],
      ["p1", vocabulary.idOf("you")],
    ]);
    expect(asked).toHaveLength(2);
  });

  test("labels the prediction that was shown, also when another version has come since", async () => {
    const { device, labels } = deviceDouble();
    const model = modelOn(device);
    await model.suggest("");
    model.versionChanged();
    await model.suggest("");
    await model.finished("see");

    expect(labels).toEqual([["p1", vocabulary.idOf("see")]]);
  });

  test("keeps a word that the model does not know for this person, and makes it no label", async () => {
    const { device, labels } = deviceDouble();
    const personal = new PersonalWords();
    const model = modelOn(device, personal);
    await model.finished("quartzlimerick");

    expect([labels, personal.entries()]).toEqual([[], [["quartzlimerick", 1]]]);
    expect((await model.suggest("quar")).map(({ word }) => word)).toContain("quartzlimerick");
  });

  test("notes whether a suggestion was taken", async () => {
    const { device, notes } = deviceDouble();
    const model = modelOn(device);
    await model.chosen({ word: "station", predictionId: "p7" }, true);
    await model.chosen({ word: "station", predictionId: "p8" }, false);
    await model.chosen({ word: "the", predictionId: null }, true);

    expect(notes).toEqual([
      ["p7", { action: "accepted", suggested: "station" }],
      ["p8", { action: "typed instead" }],
    ]);
  });

  describe("noting what was typed", () => {
    const failing = (error: Error): PredictingDevice => ({
      ...deviceDouble().device,
      log: () => Promise.reject(error),
      label: () => Promise.reject(error),
    });
    const suggestion = { word: "station", predictionId: "p1" };

    test.each([
      ["its predictions were erased meanwhile", "PREDICTION_UNKNOWN"],
      ["the device closes, as it does before it is forgotten", "CLOSED"],
    ])("is over without a word when %s", async (_, code) => {
      const model = modelOn(failing(Object.assign(new Error("gone"), { code })));

      await expect(model.finished("see you")).resolves.toBeUndefined();
      await expect(model.chosen(suggestion, true)).resolves.toBeUndefined();
    });

    test("is over without a word when the device was forgotten meanwhile, and fails otherwise", async () => {
      const model = modelOn(failing(new Error("no room")));
      await expect(model.finished("see you")).rejects.toThrow("no room");
      const finished = model.finished("see you");
      model.forgotten();

      await expect(finished).resolves.toBeUndefined();
    });
  });

  test("suggests frequent words while somebody erases, and the likeliest again afterwards", async () => {
    const { device } = deviceDouble();
    const closed = Object.assign(new Error("the device is closed"), { code: "CLOSED" });
    let isClosed = true;
    const closing: PredictingDevice = {
      ...device,
      model: (name) => ({
        ...{ version: 1 },
        predict: (inputs) => (isClosed ? Promise.reject(closed) : device.model(name).predict(inputs)),
      }),
    };
    const model = modelOn(closing);
    expect((await model.suggest("")).map(({ word }) => word)).toEqual(DEMO_WORDS.slice(0, 3));
    isClosed = false;

    expect((await model.suggest(""))[0]).toMatchObject({ word: "station", predictionId: "p1" });
  });

  test("suggests frequent words while there is no version, or no device at all", async () => {
    const without = modelOn(deviceDouble("station", null).device);
    const broken = new KeyboardModel(() => Promise.reject(new Error("no engine")), new PersonalWords());

    for (const model of [without, broken]) {
      expect((await model.suggest("")).map(({ word }) => word)).toEqual(DEMO_WORDS.slice(0, 3));
    }
  });

  test("refuses a model of another vocabulary", async () => {
    const { device } = deviceDouble();
    const other: PredictingDevice = {
      ...device,
      model: () => ({
        version: 1,
        predict: () =>
          Promise.resolve({
            outputs: { logits: { shape: [1, 2], data: new Float32Array(2) } },
            version: 1,
            id: "p",
          }),
      }),
    };

    await expect(modelOn(other).suggest("")).rejects.toThrow("not one of this keyboard's words");
  });
});

test("contexts that could not be answered are asked for again", async () => {
  let isBroken = true;
  const contexts = new TypedContexts(() =>
    isBroken ? Promise.reject(new Error("no")) : Promise.resolve({ id: "p1", scores: null }),
  );
  await expect(contexts.answerTo(["a"])).rejects.toThrow("no");
  isBroken = false;

  expect(await contexts.idOf(["a"])).toBe("p1");
});

/** A page's storage, and what tells of its changes. */
function storageDouble(values: Record<string, string> = {}, isFull = false) {
  const kept = new Map(Object.entries(values));
  return {
    getItem: (key: string): string | null => kept.get(key) ?? null,
    setItem: (key: string, value: string): void => {
      if (isFull) throw new Error("QuotaExceededError");
      kept.set(key, value);
    },
    removeItem: (key: string): void => void kept.delete(key),
    kept,
  };
}

describe("the page's storage", () => {
  /** A storage whose every call throws, as with a store that the browser has taken away. */
  const broken = {
    getItem: () => fail(),
    setItem: () => fail(),
    removeItem: () => fail(),
  };
  function fail(): never {
    throw new DOMException("access is denied", "SecurityError");
  }

  test.each([
    ["cannot be named, as with blocked site data", fail],
    ["is not there", () => null],
    ["throws at every call", () => broken],
  ])("lasts as long as the page where the origin's %s", (_, ofOrigin) => {
    const storage = openPageStorage(ofOrigin);
    const before = storage.getItem("key");
    storage.setItem("key", "kept");
    const kept = storage.getItem("key");
    storage.removeItem("key");

    expect([before, kept, storage.getItem("key")]).toEqual([null, "kept", null]);
  });

  test("is the origin's where that works, and what found no room there is read from memory", () => {
    const roomy = storageDouble();
    openPageStorage(() => roomy).setItem("key", "kept");
    const full = openPageStorage(() => storageDouble({ key: "old" }, true));
    full.setItem("key", "new");

    expect([roomy.getItem("key"), full.getItem("key")]).toEqual(["kept", "new"]);
  });
});

describe("a person's own words", () => {
  const noted = (...words: readonly string[]): PersonalWords => {
    const personal = new PersonalWords();
    for (const word of words) personal.note(word);
    return personal;
  };

  test("are there at the next visit", async () => {
    const storage = storageDouble();
    await keepWords(storage, noted("zebra", "zebra"));

    expect(keptWords(storage).entries()).toEqual([["zebra", 2]]);
  });

  test("of two pages are kept and counted side by side", async () => {
    const storage = storageDouble();
    const [one, other] = [keptWords(storage), keptWords(storage)];
    one.note("zebra");
    other.note("quokka");
    other.note("zebra");
    await keepWords(storage, one);
    await keepWords(storage, other);
    await keepWords(storage, one);

    expect(new Map(keptWords(storage).entries())).toEqual(
      new Map([
        ["zebra", 2],
        ["quokka", 1],
      ]),
    );
    expect(new Map(one.entries())).toEqual(
      new Map([
        ["zebra", 2],
        ["quokka", 1],
      ]),
    );
  });

  test("of another page are suggested once the browser tells of them, and go when it erased them", async () => {
    const storage = storageDouble();
    const [one, other] = [keptWords(storage), keptWords(storage)];
    one.note("zebra");
    await keepWords(storage, one);
    hearWords(storage, other, "another-sites-key");
    const before = other.startingWith("ze");
    hearWords(storage, other, "fedge-keyboard/personal-words");
    const heard = other.startingWith("ze");
    forgetWords(storage, one);
    hearWords(storage, other, "fedge-keyboard/personal-words");

    expect([before, heard, other.entries()]).toEqual([[], ["zebra"], []]);
  });

  test("are read and written under one lock, and without it where the browser refuses it", async () => {
    const storage = storageDouble();
    const asked: string[] = [];
    const locks = {
      request: (name: string, work: () => unknown) => {
        asked.push(name);
        return Promise.resolve(work());
      },
    } as never;
    const refusing = { request: () => Promise.reject(new DOMException("no", "SecurityError")) } as never;
    await keepWords(storage, noted("zebra"), locks);
    await keepWords(storage, noted("quokka"), refusing);

    expect(asked).toHaveLength(1);
    expect(keptWords(storage).entries()).toHaveLength(2);
  });

  test.each(["{", "7", '[["zebra", -1], ["fine"], [3, 4], null]'])("are none where %s is kept", (text) => {
    expect(keptWords(storageDouble({ "fedge-keyboard/personal-words": text })).entries()).toEqual([]);
  });

  test("last as long as the page when there is no room", async () => {
    const storage = openPageStorage(() => storageDouble({}, true));
    await keepWords(storage, noted("zebra"));

    expect(keptWords(storage).entries()).toEqual([["zebra", 1]]);
  });
});

describe("asking for a training", () => {
  function createConditions(untilMs?: number) {
    const clock = new ManualClock(1_000_000);
    const page = {
      isEligible: () => false,
      reasons: () => ["in use"],
      onChange: () => () => undefined,
      usedElsewhere: () => undefined,
      trainingChanged: () => undefined,
      close: () => undefined,
    };
    const kept = untilMs === undefined ? {} : { "fedge-keyboard/train-now-until": String(untilMs) };
    const window = { addEventListener: () => undefined, removeEventListener: () => undefined };
    const conditions = new KeyboardConditions({ page, storage: storageDouble(kept), clock, window });
    return { conditions, clock };
  }

  test("sets the page's conditions aside for two minutes", () => {
    const { conditions, clock } = createConditions();
    const told: (readonly string[])[] = [conditions.reasons()];
    conditions.onChange(() => told.push(conditions.reasons()));
    conditions.trainNow();
    clock.advance(119_999);
    expect(conditions.isEligible()).toBe(true);
    clock.advance(2);

    expect(told).toEqual([["in use"], [], ["in use"]]);
  });

  test("in another tab counts here too; a wish from another time does not", () => {
    expect(createConditions(1_060_000).conditions.isEligible()).toBe(true);
    expect(createConditions(9_000_000).conditions.isEligible()).toBe(false);
  });
});
