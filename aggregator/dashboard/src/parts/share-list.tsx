import { formatCount } from "../text/format.js";

export interface Share {
  readonly name: string;
  readonly value: number;
  /** CSS class of its colour. */
  readonly colour: string;
}

/** Parts of a whole: one bar, and a line per part that says the same in words. */
export function ShareList({ shares, label }: { readonly shares: readonly Share[]; readonly label: string }) {
  const total = shares.reduce((sum, share) => sum + share.value, 0);
  return (
    <ul className="share-list" aria-label={label}>
      {shares.map((share) => (
        <li key={share.name}>
          <span className="share-name">{share.name}</span>
          <span className="share-value">{formatCount(share.value)}</span>
          <span className="share-track" aria-hidden="true">
            <span
              className={`share-bar ${share.colour}`}
              style={{ inlineSize: `${total === 0 ? 0 : (100 * share.value) / total}%` }}
            />
          </span>
        </li>
      ))}
    </ul>
  );
}
