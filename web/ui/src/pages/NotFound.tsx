/** An address where nothing is. */

import { usePageTitle } from "../title";

export function NotFound({ what = "page" }: { what?: string }) {
  usePageTitle("Not found");
  return (
    <section class="lonely">
      <p class="kicker">404</p>
      <h1>There is no such {what}</h1>
      <p>It may have been removed, the link may be cut off, or it belongs to another organization.</p>
      <p>
        <a class="button" href="/">
          To the reports
        </a>
      </p>
    </section>
  );
}
