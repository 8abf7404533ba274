/** The frame around every page: who may see it, the masthead, the page of the address, and what floats above it. */

import { useEffect, useRef } from "preact/hooks";
import type { Me } from "./api/types";
import { Boundary } from "./components/Boundary";
import { Masthead } from "./components/Masthead";
import { Problem } from "./components/Problem";
import { ShortcutsDialog } from "./components/ShortcutsDialog";
import { Toasts } from "./components/Toasts";
import { CachePage } from "./pages/CachePage";
import { Forbidden } from "./pages/Forbidden";
import { NotFound } from "./pages/NotFound";
import { ReportPage } from "./pages/ReportPage";
import { ReportsPage } from "./pages/ReportsPage";
import { RunsPage } from "./pages/RunsPage";
import { SignInPage } from "./pages/SignInPage";
import { path, type Route, routeOf } from "./router";
import { startEvents } from "./state/events";
import { clearInbox, loadInbox } from "./state/notifications";
import { clearRuns } from "./state/runs";
import { resumeSession, session } from "./state/session";
import { clearToasts } from "./state/toasts";
import { useTitleOnTab } from "./title";

export function App() {
  useTitleOnTab();
  const current = session.value;
  if (current.status === "asking") return <div class="opening" role="status" aria-label="Loading" />;
  if (current.status === "unreachable") {
    return (
      <main class="lonely">
        <h1>Broadsheet can’t be reached</h1>
        <Problem problem={current.problem} onRetry={() => void resumeSession()} />
      </main>
    );
  }
  if (current.status === "out") return <SignInPage note={current.note} />;
  return <SignedIn key={current.me.user.id} me={current.me} />;
}

function SignedIn({ me }: { me: Me }) {
  const main = useRef<HTMLElement>(null);
  const opened = useRef(path.value);
  const route = routeOf(path.value);

  useEffect(() => {
    void loadInbox();
    const stop = startEvents();
    return () => {
      stop();
      clearInbox();
      clearRuns();
      clearToasts();
    };
  }, []);

  useEffect(() => {
    if (opened.current === path.value) return;
    opened.current = path.value;
    main.current?.focus({ preventScroll: true });
  }, [path.value]);

  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <Masthead me={me} />
      <main id="main" ref={main} tabIndex={-1}>
        <Boundary place={path.value}>
          <PageOf route={route} me={me} />
        </Boundary>
      </main>
      <footer class="colophon">
        <p>
          Broadsheet <span aria-hidden="true">·</span> {me.organization.name}
        </p>
      </footer>
      <Toasts />
      <ShortcutsDialog />
    </>
  );
}

function PageOf({ route, me }: { route: Route; me: Me }) {
  if (route.page === "reports") return <ReportsPage />;
  if (route.page === "report") return <ReportPage key={route.reportId} reportId={route.reportId} />;
  if (route.page === "runs") return <RunsPage />;
  if (route.page === "cache") return me.user.role === "admin" ? <CachePage /> : <Forbidden />;
  return <NotFound />;
}
