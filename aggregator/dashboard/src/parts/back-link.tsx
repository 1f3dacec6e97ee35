import { hrefOf } from "../shell/route.js";

/** From one thing back to the page that lists them. */
export function BackLink({ page, text }: { readonly page: string; readonly text: string }) {
  return (
    <p className="span-12 back-link">
      <a href={hrefOf(page)}>
        <span aria-hidden="true">← </span>
        {text}
      </a>
    </p>
  );
}
