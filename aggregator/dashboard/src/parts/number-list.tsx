/** Numbers, each with what it is called. */
export function NumberList({ numbers }: { readonly numbers: readonly (readonly [string, string])[] }) {
  return (
    <dl className="number-list">
      {numbers.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
