import type { RunningServer } from "@fedge/aggregator";
import type { LossKind } from "@fedge/onnx-autodiff";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import type { ReferenceProfile } from "@fedge/protocol/profile";
import { encodeProfilePackage } from "../../aggregator/src/registry/profiles/profile-package.js";
import { CLASSES, INPUTS } from "../e2e/digits-task.js";

/** The model of the clouds with a reference profile, under the profile's name, as somebody imports it over HTTP. */
export async function importWatched(
  server: RunningServer,
  profile: ReferenceProfile,
  loss: LossKind = "softmax-cross-entropy",
): Promise<void> {
  const onnx = new Uint8Array(logistic({ inputs: INPUTS, classes: CLASSES, seed: 1 }));
  const reviewed = { ...profile, reviewedBy: "ada" };
  const body = new Uint8Array(encodeProfilePackage({ profile: reviewed, golden: null }, onnx));
  const query = `model=${profile.model}&loss=${loss}&body=profile-package`;
  const headers = {
    "content-type": "application/octet-stream",
    authorization: `Bearer ${server.adminToken}`,
  };
  const response = await fetch(`${server.httpUrl}/v1/models?${query}`, { method: "POST", headers, body });
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
}
