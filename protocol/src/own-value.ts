/** What is kept under a name that somebody chose, who may have chosen one like `constructor`, which is of every object. */
export function ownValue<Value>(named: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(named, name) ? named[name] : undefined;
}
