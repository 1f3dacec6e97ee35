import type { DeviceRecord } from "../../store/port.js";

/** What a field holds decides how it is compared. */
export type FieldKind = "text" | "number" | "semver" | "time";

export interface DeviceField {
  readonly kind: FieldKind;
  /** Undefined where the device has none; of several, each is looked at. */
  readonly of: (device: DeviceRecord) => string | number | undefined | readonly string[];
}

/** Fields by their names in a filter. */
const FIELDS: ReadonlyMap<string, DeviceField> = new Map([
  ["id", { kind: "text", of: ({ deviceId }) => deviceId }],
  ["presence", { kind: "text", of: ({ presence }) => presence }],
  ["runtime", { kind: "semver", of: ({ runtimeVersion }) => given(runtimeVersion) }],
  ["engine", { kind: "text", of: ({ engine }) => given(engine) }],
  ["platform", { kind: "text", of: ({ platform }) => given(platform) }],
  ["enrolled", { kind: "time", of: ({ enrolledAtMs }) => enrolledAtMs }],
  ["untrusting", { kind: "text", of: ({ untrusting }) => untrusting ?? undefined }],
  ["tag", { kind: "text", of: ({ tags }) => tags }],
  ["seen", { kind: "time", of: ({ lastSeenAtMs }) => lastSeenAtMs }],
]);
const SERVING = "serving.";
const ATTRIBUTE = "attribute.";
/** A saved filter by its name; whoever matches it is in the group. */
export const GROUP_FIELD = "group";

export const FIELD_NAMES: readonly string[] = [
  ...FIELDS.keys(),
  GROUP_FIELD,
  `${SERVING}MODEL`,
  `${ATTRIBUTE}NAME`,
];

/** The field of that name; undefined where devices have none. */
export function deviceField(name: string): DeviceField | undefined {
  if (name.startsWith(ATTRIBUTE)) return attributeField(name.slice(ATTRIBUTE.length));
  const model = name.startsWith(SERVING) ? name.slice(SERVING.length) : "";
  if (model === "") return FIELDS.get(name);
  return {
    kind: "number",
    of: ({ serving }) =>
      Object.hasOwn(serving, model) ? serving[model as keyof typeof serving]?.version : undefined,
  };
}

function attributeField(name: string): DeviceField | undefined {
  if (name === "") return undefined;
  return {
    kind: "text",
    of: ({ attributes }) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined),
  };
}

/** A device that has enrolled and was never online has said nothing of itself. */
function given(text: string): string | undefined {
  return text === "" ? undefined : text;
}
