import { profileOfExamples } from "../../drift/profiles/profile-of-examples.js";
import type { ProfilePackage } from "../../registry/profiles/profile-package.js";
import type { Sample } from "./sample.js";

/** Short, so that whoever looks around sees windows close. */
const WINDOW_MS = 60_000;

/** What the sample's examples look like, so that drift shows without any step. */
export function sampleProfile({ initial, heldOut, unknownToken }: Sample): Promise<ProfilePackage> {
  return profileOfExamples(initial, heldOut, {
    ...{ origin: "held-out examples of the sample", reviewedBy: "the sample's authors", windowMs: WINDOW_MS },
    ...(unknownToken === undefined ? {} : { unknownToken }),
  });
}
