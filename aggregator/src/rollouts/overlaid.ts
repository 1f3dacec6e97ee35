export type Fields = Readonly<Record<string, unknown>>;

/** The base with the fields that are given, field by field where both hold objects. What is undefined is not given. */
export function overlaid(base: Fields, given: Fields): Fields {
  const fields = Object.entries(given).filter(([, value]) => value !== undefined);
  const changed = fields.map(([name, value]) => {
    const old = Object.hasOwn(base, name) ? base[name] : undefined;
    return [name, isFields(old) && isFields(value) ? overlaid(old, value) : value] as const;
  });
  return { ...base, ...Object.fromEntries(changed) };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
