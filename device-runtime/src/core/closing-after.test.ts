import { expect, test } from "vitest";
import { closingAfter } from "./closing-after.js";
import type { Device } from "./device-interface.js";

/** A device that ends when it is let go, and says what happened in which order. */
function createDouble() {
  const order: string[] = [];
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const double = {
    forget: async () => {
      await held;
      order.push("forgotten");
      return { isServerTold: true };
    },
    close: async () => {
      await held;
      order.push("closed");
    },
  };
  const device = closingAfter(double as unknown as Device, () => void order.push("freed"));
  return { device, order, letGo };
}

test("a device that is being forgotten keeps what it was given until then, though it is closed meanwhile", async () => {
  const { device, order, letGo } = createDouble();
  const ending = [device.forget(), device.close()];
  letGo();
  await Promise.all(ending);

  expect(order).toEqual(["forgotten", "freed"]);
});

test("a device that is being closed is not forgotten any more, and says that it is closed", async () => {
  const { device, order, letGo } = createDouble();
  const closing = device.close();
  const forgetting = expect(device.forget()).rejects.toMatchObject({ code: "CLOSED" });
  letGo();
  await Promise.all([closing, device.close(), forgetting]);

  expect(order).toEqual(["closed", "freed"]);
});
