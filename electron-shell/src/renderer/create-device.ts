import { closingAfter, modelNamesOf, type AppOptions, type Device } from "@fedge/device-runtime";
import { connectDevice } from "@fedge/device-runtime/remote";
import { BridgeLines, type BridgeWindow } from "./bridge-lines.js";

/** What a page of the shell decides. It learns from the labelled predictions of the feature log. */
export interface RendererDeviceOptions extends Pick<AppOptions, "model" | "models" | "consent"> {
  /** The shell's own; a page that names one, as it would elsewhere, has to name the same. */
  readonly server?: string;
}

/**
 * The app's device, which lives in the shell's utility process: the same interface as in a page or in Node. A process
 * that dies is started again, and what it had not answered is asked once more; `close` ends this page's line only.
 *
 * Throws ENGINE_UNAVAILABLE without the shell's preload script, OPTION_INVALID for a server or a model that the main
 * process did not name, TRANSPORT_FAILED when the process does not start any more, and what opening the device throws.
 */
export async function createDevice(
  options: RendererDeviceOptions,
  page: BridgeWindow = window as unknown as BridgeWindow,
): Promise<Device> {
  const { server, consent = {} } = options;
  const models = modelNamesOf(options);
  const lines = new BridgeLines(page);
  try {
    const device = await connectDevice({
      hello: { models, consent, ...(server === undefined ? {} : { server }) },
      connect: () => lines.open(),
    });
    return closingAfter(device, () => lines.close());
  } catch (error) {
    lines.close();
    throw error;
  }
}
