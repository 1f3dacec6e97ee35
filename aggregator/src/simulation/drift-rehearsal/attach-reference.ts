import type { ReferenceProfile } from "@fedge/protocol/profile";
import { modelOfFile, openModel } from "../../drift/profiles/onnx-model.js";
import { goldenPackage, reviewedProfile } from "../../registry/profiles/golden-package.js";
import { encodeProfilePackage } from "../../registry/profiles/profile-package.js";
import { SHOP } from "../shop/shop-model.js";
import type { DriftRehearsal } from "./drift-rehearsal.js";

/**
 * What `fedge profile review` and `fedge profile attach` do: golden rows that the version answers here, and the next version with the
 * profile. Gives its number.
 */
export async function attachReference(
  { opened, people }: Pick<DriftRehearsal, "opened" | "people">,
  profile: ReferenceProfile,
  version: number,
): Promise<number> {
  const { manifest } = await opened.server.service.getVersion(SHOP, version);
  const onnx = await opened.server.service.exportVersion(SHOP, version, "onnx");
  const shape = modelOfFile(onnx, manifest.loss ?? "");
  const reviewed = reviewedProfile(profile, people.scientist.name);
  const bytes = encodeProfilePackage(
    await goldenPackage(reviewed, shape, await openModel(onnx, shape)),
    null,
  );
  const made = await people.scientist.upload(`/v1/models/${SHOP}/versions/${version}/profile`, bytes);
  return Number((made as { readonly version: unknown }).version);
}
