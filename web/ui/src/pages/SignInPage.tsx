/** Sign in. Shown at any address while nobody is signed in, so that afterwards one is where one wanted to be. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiProblem, problemFrom } from "../api/problem";
import { dateline } from "../format/time";
import { now } from "../state/clock";
import { signIn } from "../state/session";
import { usePageTitle } from "../title";

export function SignInPage({ note }: { note: string | null }) {
  usePageTitle("Sign in");
  const email = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  useEffect(() => email.current?.focus(), []);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy || !email.current || !password.current) return;
    setBusy(true);
    setProblem(null);
    try {
      await signIn(email.current.value.trim(), password.current.value);
    } catch (thrown) {
      setProblem(problemFrom(thrown));
      setBusy(false);
      password.current?.select();
    }
  };

  return (
    <main class="sign-in">
      <header class="sign-in-head">
        <p class="sign-in-name">Broadsheet</p>
        <p class="sign-in-date">{dateline(now.value)}</p>
      </header>
      <form onSubmit={(event) => void submit(event)} aria-labelledby="sign-in-heading">
        <h1 id="sign-in-heading">Sign in</h1>
        {note && !problem && (
          <p class="note" role="status">
            {note}
          </p>
        )}
        {problem && (
          <p class="note note-bad" role="alert">
            {problem.message}
          </p>
        )}
        <div class="field">
          <label for="email">E-mail</label>
          <input
            ref={email}
            id="email"
            name="email"
            type="email"
            autocomplete="username"
            required
            aria-invalid={!!problem}
          />
        </div>
        <div class="field">
          <label for="password">Password</label>
          <input
            ref={password}
            id="password"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            aria-invalid={!!problem}
          />
        </div>
        <button type="submit" class="button button-primary button-wide" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
