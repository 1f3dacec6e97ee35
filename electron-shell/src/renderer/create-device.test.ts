import { describe, expect, test } from "vitest";
import { CONNECT, ENDED, GONE } from "../messages/channels.js";
import { ElectronDouble } from "../testing/electron-double.js";
import { PageDouble } from "../testing/page-double.js";
import { createPortPair } from "../testing/port-double.js";
import { mainPortLine } from "../ports/main-port-line.js";
import { serveLine, type DeviceHello } from "@fedge/device-runtime/remote";
import { FedgeError } from "@fedge/protocol";
import type { Device } from "@fedge/device-runtime";
import { PORT } from "../messages/channels.js";
import { createDevice } from "./create-device.js";

const STATUS = { versions: { digits: 3 }, consent: { training: false, reporting: false } };

/** A page whose lines lead to a device that counts what it is asked. */
function createPage(isRunning = true) {
  const electron = new ElectronDouble({ userData: "", fork: () => Promise.reject() as never });
  const page = new PageDouble(electron);
  const hellos: DeviceHello[] = [];
  let predict = (): Promise<unknown> => Promise.resolve({ outputs: {}, version: 3, id: "1" });
  const device = {
    status: () => STATUS,
    on: () => () => undefined,
    setConsent: () => undefined,
    model: () => ({ predict: () => predict() }),
  } as unknown as Device;
  const give = (): void => {
    const { port1, port2 } = createPortPair();
    serveLine(mainPortLine(port1), {
      deviceFor: async (hello) => {
        hellos.push(hello);
        return device;
      },
      onRefused: (error) => {
        throw error;
      },
    });
    page.frame.postMessage(PORT, null, [port2]);
  };
  electron.ipc.on(CONNECT, () => (isRunning ? give() : undefined));
  return {
    ...{ page, hellos, electron, give },
    answerWith: (next: () => Promise<unknown>) => void (predict = next),
    dies: () => page.frame.postMessage(ENDED, null),
    isGone: () => page.frame.postMessage(GONE, "it has ended again and again"),
  };
}

const never = (): Promise<unknown> => new Promise(() => undefined);
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("the device of a page in the shell", () => {
  test("is the one of the process, with the page's models and consent", async () => {
    const { page, hellos } = createPage();
    const device = await createDevice({ model: "digits", consent: { training: true } }, page);

    expect(hellos).toEqual([{ models: ["digits"], consent: { training: true } }]);
    expect(device.model("digits").version).toBe(3);
    expect((await device.model("digits").predict({})).id).toBe("1");
    await device.close();
  });

  test("asks once more for what a process that died has not answered", async () => {
    const { page, answerWith, dies, hellos } = createPage();
    const device = await createDevice({ model: "digits" }, page);
    answerWith(never);
    const predicting = device.model("digits").predict({});
    await settle();
    answerWith(() => Promise.resolve({ outputs: {}, version: 3, id: "2" }));
    dies();

    expect((await predicting).id).toBe("2");
    expect(hellos).toHaveLength(2);
    await device.close();
  });

  test("fails with the reason when the process does not start any more", async () => {
    const { page, isGone } = createPage(false);
    const opening = createDevice({ model: "digits" }, page);
    await settle();
    isGone();

    await expect(opening).rejects.toMatchObject({
      ...{ code: "TRANSPORT_FAILED", message: "it has ended again and again" },
    });
  });

  test("ends its own line when it is closed, and hears nothing more", async () => {
    const { page, dies, hellos } = createPage();
    const device = await createDevice({ model: "digits" }, page);
    await device.close();
    dies();
    await settle();

    expect(hellos).toHaveLength(1);
    await expect(device.model("digits").predict({})).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("hears no message that another origin posts to its window", async () => {
    const { page, isGone } = createPage(false);
    const opening = createDevice({ model: "digits" }, page);
    page.postMessage({ type: GONE, message: "from elsewhere" }, "https://elsewhere.example");
    await settle();
    isGone();

    await expect(opening).rejects.toMatchObject({ message: "it has ended again and again" });
  });

  test("does not exist in a page without the preload script", async () => {
    const { page } = createPage();
    const without = { ...page, location: page.location } as never;

    await expect(createDevice({ model: "digits" }, without)).rejects.toMatchObject({
      code: "ENGINE_UNAVAILABLE",
    });
  });

  test("needs a model's name", async () => {
    await expect(createDevice({}, createPage().page)).rejects.toSatisfy(
      (error) => error instanceof FedgeError && error.code === "OPTION_INVALID",
    );
  });
});

test("the preload script puts two calls into the page, and nothing else", () => {
  const { page } = createPage();

  expect(Object.keys(page.exposed)).toEqual(["fedge"]);
  expect(Object.keys(page.fedge).sort()).toEqual(["connect", "trainNow"]);
});
