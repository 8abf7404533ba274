/**
 * Every failure of a call, as one error type.
 *
 * The server answers with a problem document (RFC 9457). No answer at all (offline, timeout) and an answer that isn't
 * a problem document (a proxy's page) become the same type, so that a caller only ever catches `ApiProblem`.
 */

import type { ProblemDocument, ProblemError } from "./types";

export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly requestId: string | null;
  readonly errors: ProblemError[];

  constructor(status: number, document: ProblemDocument, requestId: string | null = null) {
    super(document.detail || document.title || "Something went wrong.");
    this.name = "ApiProblem";
    this.status = status;
    this.code = document.code ?? (status === 0 ? "unreachable" : "unknown");
    this.title = document.title ?? "";
    this.requestId = document.request_id ?? requestId;
    this.errors = document.errors ?? [];
  }

  /** Nothing reached the server, or nothing came back. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

/** The problem that a response without success stands for. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const requestId = response.headers.get("X-Request-ID");
  const mediaType = response.headers.get("Content-Type") ?? "";
  if (mediaType.includes("json")) {
    try {
      return new ApiProblem(response.status, (await response.json()) as ProblemDocument, requestId);
    } catch {
      // A body that was cut off: fall through to what the status alone says.
    }
  }
  return new ApiProblem(response.status, { detail: sentenceFor(response.status) }, requestId);
}

/** The problem behind anything that was thrown on the way. */
export function problemFrom(thrown: unknown): ApiProblem {
  if (thrown instanceof ApiProblem) return thrown;
  if (thrown instanceof DOMException && thrown.name === "TimeoutError") {
    return new ApiProblem(0, { code: "timeout", detail: "The server took too long to answer." });
  }
  if (thrown instanceof TypeError) {
    return new ApiProblem(0, { code: "unreachable", detail: "The server can’t be reached. Check your connection." });
  }
  return new ApiProblem(0, { code: "unexpected", detail: String(thrown instanceof Error ? thrown.message : thrown) });
}

function sentenceFor(status: number): string {
  if (status === 413) return "That is more than the server accepts at once.";
  if (status === 429) return "Too many requests at once. Wait a moment and try again.";
  if (status === 502 || status === 503 || status === 504) return "The server is not ready. Try again in a moment.";
  return `The server answered with status ${status}.`;
}

/** Messages for one name out of JSON pointers such as `/params/since`, `/param.since` or `/regions/0`. */
export function messagesByName(errors: ProblemError[], names: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const error of errors) {
    const parts = error.pointer.split("/").map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
    const name = parts.map((part) => part.replace(/^#?param\./, "")).find((part) => names.includes(part));
    if (name !== undefined && !(name in found)) found[name] = error.message;
  }
  return found;
}
