import { FedgeError } from "../errors.js";
import { isCountedApart, isKnownAtOnce } from "./feature-source.js";
import { checkProfile, type ProfileFeature, type ReferenceProfile } from "./reference-profile.js";

/**
 * A profile that a person may have edited, checked more strictly than what a device takes from a later version: a key that there is not would do
 * nothing, and counts that are not of the profile's rows would be compared with. Throws PROFILE_INVALID naming the field.
 */
export function checkEditedProfile(value: unknown): ReferenceProfile {
  const profile = checkProfile(value);
  const stranger = unknownKey(value, profile, "");
  if (stranger !== null)
    throw invalid(
      `there is no field "${stranger}", so it would do nothing; correct its name, or take it out`,
    );
  const fault = countsFault(profile);
  if (fault !== null) throw invalid(`${fault}; counts come from \`fedge profile build\`, and are not edited`);
  return profile;
}

/**
 * Why counts are not of the profile's rows, in words; null where they are. A feature has as many as there are rows, or none where it was left without
 * a reference; fields and latency may have fewer, and labels, which count when they come, any number.
 */
export function countsFault({
  numRows,
  features,
}: Pick<ReferenceProfile, "numRows" | "features">): string | null {
  for (const feature of features) {
    // Of what counts apart as many come as come, of earlier windows too.
    if (isCountedApart(feature)) continue;
    const sum = feature.counts.reduce((total, count) => total + count, 0);
    if (sum > numRows)
      return `the counts of feature "${feature.name}" are ${sum}, more than the ${numRows} rows`;
    if (sum > 0 && sum < numRows && isOfEachRow(feature))
      return `the counts of feature "${feature.name}" are ${sum}, fewer than the ${numRows} rows`;
  }
  return null;
}

function isOfEachRow({ source }: ProfileFeature): boolean {
  return isKnownAtOnce(source) && source.take !== "latency";
}

/** The first key of a given value, at any depth, that its checked form does not have; as a path. */
function unknownKey(given: unknown, checked: unknown, path: string): string | null {
  if (typeof given !== "object" || given === null || typeof checked !== "object" || checked === null)
    return null;
  for (const [key, value] of Object.entries(given)) {
    const here = path === "" ? key : `${path}.${key}`;
    if (!Object.hasOwn(checked, key)) return here;
    const stranger = unknownKey(value, (checked as Readonly<Record<string, unknown>>)[key], here);
    if (stranger !== null) return stranger;
  }
  return null;
}

function invalid(reason: string): FedgeError {
  return new FedgeError("PROFILE_INVALID", `reference profile: ${reason}`);
}
