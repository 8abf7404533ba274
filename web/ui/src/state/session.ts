/**
 * Who is signed in. While nobody is, every address shows the sign-in form, so signing in returns to where one was.
 */

import { computed, signal } from "@preact/signals";
import * as api from "../api";
import { type ApiProblem, problemFrom } from "../api/problem";
import type { Me } from "../api/types";

export type Session =
  | { status: "asking" }
  | { status: "unreachable"; problem: ApiProblem }
  | { status: "out"; note: string | null }
  | { status: "in"; me: Me };

const REMEMBERED = "broadsheet.signed-in";
const ENDED = "Your session has ended. Sign in again and you will be back where you were.";

export const session = signal<Session>({ status: "asking" });
export const me = computed(() => (session.value.status === "in" ? session.value.me : null));
/** Whether they may write reports, and see how their queries are run. */
export const isAuthor = computed(() => me.value !== null && me.value.user.role !== "viewer");
export const timeZone = computed(() => me.value?.user.time_zone ?? undefined);

/** Asks who is signed in; called once at the start and to try again. */
export async function resumeSession(): Promise<void> {
  session.value = { status: "asking" };
  try {
    session.value = { status: "in", me: await api.getMe() };
    localStorage.setItem(REMEMBERED, "yes");
  } catch (thrown) {
    const problem = problemFrom(thrown);
    if (problem.status === 401) endSession();
    else session.value = { status: "unreachable", problem };
  }
}

export async function signIn(email: string, password: string): Promise<void> {
  session.value = { status: "in", me: await api.signIn(email, password) };
  localStorage.setItem(REMEMBERED, "yes");
}

/** Signs out here even if the server can't be told; a session that lives on there ends by itself. */
export async function signOut(): Promise<void> {
  await api.signOut().catch(() => undefined);
  localStorage.removeItem(REMEMBERED);
  session.value = { status: "out", note: "You are signed out." };
}

/** The server no longer knows the session. */
export function endSession(): void {
  const wasIn = session.value.status === "in" || localStorage.getItem(REMEMBERED) !== null;
  localStorage.removeItem(REMEMBERED);
  if (session.value.status !== "out") session.value = { status: "out", note: wasIn ? ENDED : null };
}
