import type { ReferenceProfile } from "@fedge/protocol/profile";
import { goldenRows, modelOfFile, openModel } from "../../drift/profiles/onnx-model.js";
import { layoutSha256Of } from "../../drift/profiles/build-profile.js";
import { encodeProfilePackage, packageOf } from "../../registry/profiles/profile-package.js";
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
  const { rows, tolerance } = await goldenRows(shape, await openModel(onnx, shape));
  const reviewed = { ...profile, reviewedBy: people.scientist.name, layoutSha256: layoutSha256Of(profile) };
  const bytes = encodeProfilePackage(packageOf(reviewed, rows, tolerance), null);
  const made = await people.scientist.upload(`/v1/models/${SHOP}/versions/${version}/profile`, bytes);
  return Number((made as { readonly version: unknown }).version);
}
