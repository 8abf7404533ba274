/** A page that is for admins, opened by somebody else. */

import { usePageTitle } from "../title";

export function Forbidden() {
  usePageTitle("For admins");
  return (
    <section class="lonely">
      <p class="kicker">403</p>
      <h1>This page is for admins</h1>
      <p>It concerns everybody who reads here. An admin of your organization can open it, or make you one.</p>
      <p>
        <a class="button" href="/">
          To the reports
        </a>
      </p>
    </section>
  );
}
