/** Whether all that an object says is in fields of its own that a copy of it has, too; their names are texts. */
export function isPlainObject(given: unknown): given is object {
  if (given === null) return false;
  const prototype = (Object.getPrototypeOf(given) ?? Object.prototype) as object;
  // Another frame's objects have another Object.prototype than this one's.
  if (!Object.hasOwn(prototype, "isPrototypeOf")) return false;
  return Reflect.ownKeys(given as object).length === Object.keys(given as object).length;
}
