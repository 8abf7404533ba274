/** The top of every page: the name, where one can go, the bell and the account. */

import type { Me } from "../api/types";
import { path, routeOf } from "../router";
import { live } from "../state/events";
import { AccountMenu } from "./AccountMenu";
import { NotificationBell } from "./NotificationBell";

export function Masthead({ me }: { me: Me }) {
  const page = routeOf(path.value).page;
  return (
    <>
      <header class="masthead">
        <div class="masthead-row">
          <a class="wordmark" href="/" aria-label="Broadsheet, to the reports">
            Broadsheet
          </a>
          <nav aria-label="Main">
            <NavLink to="/" current={page === "reports" || page === "report"} label="Reports" />
            <NavLink to="/runs" current={page === "runs"} label="Runs" />
          </nav>
          <div class="masthead-tools">
            <NotificationBell />
            <AccountMenu me={me} />
          </div>
        </div>
      </header>
      <div class="live-hint" role="status">
        {!live.value && <p>Live updates are interrupted. Checking every few seconds until the connection is back.</p>}
      </div>
    </>
  );
}

function NavLink({ to, current, label }: { to: string; current: boolean; label: string }) {
  return (
    <a href={to} aria-current={current ? "page" : undefined}>
      {label}
    </a>
  );
}
