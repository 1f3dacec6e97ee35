import { withQuery } from "../shell/route.js";
import type { View } from "./view-query.js";

/** The same numbers as files; `path` is of the HTTP interface. */
export function DownloadLinks(props: {
  readonly what: string;
  readonly path: string;
  readonly view?: Partial<View>;
  /** What the file is called, without its ending. */
  readonly name: string;
}) {
  return (
    <span className="downloads">
      {(["csv", "json"] as const).map((format) => (
        <a
          key={format}
          href={withQuery(props.path, { ...props.view, format })}
          download={`${props.name}.${format}`}
          data-testid={`download-${format}`}
        >
          {format.toUpperCase()}
          <span className="visually-hidden">: {props.what}</span>
        </a>
      ))}
    </span>
  );
}
