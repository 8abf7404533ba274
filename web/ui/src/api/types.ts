/** The shapes of the REST API, version 1. The OpenAPI document is the truth; nothing else of the server is known here. */

export type Role = "viewer" | "author" | "admin";

export interface Me {
  user: {
    id: string;
    email: string;
    name: string;
    role: Role;
    time_zone: string | null;
    attributes: Record<string, unknown>;
  };
  organization: { id: string; name: string; slug: string };
  csrf_token: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface ReportSummary {
  id: string;
  title: string;
  description: string;
  version: number;
  updated_at: string;
  updated_by: string | null;
}

export type Scalar = string | number | boolean | null;
export type ParamValue = Scalar | Scalar[];
export type ParamType = "text" | "number" | "date" | "choice" | "list" | "boolean";

export interface Option {
  value: Scalar;
  label: string;
}

export interface Param {
  name: string;
  type: ParamType;
  /** Element type of a list. */
  of?: ParamType | null;
  label: string;
  value: ParamValue;
  default: ParamValue;
  options: Option[] | null;
  minimum: number | null;
  maximum: number | null;
}

export interface MarkdownBlock {
  kind: "markdown";
  html: string;
}

export interface TableColumn {
  name: string;
  label: string | null;
  format: string | null;
  align: "left" | "right" | "center" | null;
  bars: boolean;
  hidden: boolean;
}

export interface TableBlock {
  kind: "table";
  query: string;
  title: string | null;
  limit: number | null;
  columns: TableColumn[];
  totals: string[];
}

export interface ChartBlock {
  kind: "chart";
  query: string;
  title: string | null;
  height: number;
  spec: Record<string, unknown>;
}

export type Aggregate = "first" | "last" | "sum" | "mean" | "min" | "max" | "count";

export interface MetricBlock {
  kind: "metric";
  query: string;
  label: string;
  value: string;
  agg: Aggregate;
  format: string | null;
  unit: string | null;
}

export type Block = MarkdownBlock | TableBlock | ChartBlock | MetricBlock;

export interface ReportView {
  report: { id: string; title: string; description: string; version: number };
  params: Param[];
  blocks: Block[];
  as_of: string;
  /** Parameters that must be chosen before there is anything to show; then there are no blocks yet. */
  missing: string[];
}

export type ColumnType =
  | "text"
  | "integer"
  | "number"
  | "numeric"
  | "boolean"
  | "date"
  | "timestamp"
  | "json"
  | "array";

export interface QueryData {
  columns: { name: string; type: ColumnType }[];
  /** One array per column. */
  data: unknown[][];
  as_of: string;
  row_count: number;
  truncated: boolean;
}

/** One thing that makes a query slow, or would make it faster. */
export interface PlanHint {
  /** Newer servers may know more kinds. */
  kind: "full_scan" | "sort" | "index" | (string & {});
  message: string;
  /** Makes the index that is spoken of. */
  statement: string | null;
  /** How many times cheaper the query would be with it; null where nobody has checked. */
  factor: number | null;
}

/** How the data source would run a query, by its own estimates. */
export interface QueryPlan {
  cost: number;
  rows: number;
  lines: string[];
  hints: PlanHint[];
}

export type CacheState = "hit" | "stale" | "miss";

export type RunState = "queued" | "running" | "succeeded" | "failed" | "cancelled";
export type Format = "pdf" | "xlsx" | "csv" | "html";

export interface Artifact {
  name: string;
  format: Format;
  media_type: string;
  size_bytes: number;
  sha256: string;
  row_count: number | null;
  url: string;
}

export interface Run {
  id: string;
  report_id: string;
  report_title: string;
  report_version: number;
  params: Record<string, ParamValue>;
  formats: Format[];
  query: string | null;
  state: RunState;
  attempts: number;
  progress: { done: number; total: number | null; unit: string } | null;
  error: { code: string; message: string } | null;
  artifacts: Artifact[];
  edition_id: string | null;
  requested_by: string;
  requested_at: string;
  started_at: string | null;
  finished_at: string | null;
}

export interface RunOrder {
  params: Record<string, ParamValue>;
  formats: Format[];
  query?: string;
}

export interface Notification {
  id: string;
  kind: string;
  title: string;
  body: string;
  run_id: string | null;
  report_id: string | null;
  state: RunState | null;
  created_at: string;
  read_at: string | null;
}

export interface Inbox extends Page<Notification> {
  unread: number;
}

export interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  request_id?: string;
  errors?: ProblemError[];
}

export interface ProblemError {
  pointer: string;
  message: string;
  line?: number;
  column?: number;
  hint?: string | null;
}

/** A database that reports read from; there is more to it than the interface shows. */
export interface DataSource {
  id: string;
  name: string;
  refreshed_at: string | null;
}

/** One method's questions of today (UTC). */
export interface MethodUse {
  method: string;
  counted_for: "organization" | "installation";
  hits: number;
  stale: number;
  misses: number;
  waits: number;
  hit_ratio: number | null;
  refreshes: number;
  bypassed: number;
  bytes: number;
}

export interface RedisUse {
  answers: boolean;
  memory_bytes: number | null;
  limit_bytes: number | null;
  evicted_keys: number | null;
}

export interface CacheUse {
  day: string;
  methods: MethodUse[];
  redis: RedisUse;
  /** Of the one process that has answered. */
  process: {
    breaker: "closed" | "open" | "half-open";
    breaker_opened: number;
    errors: number;
    told_of_changes: boolean;
  };
}
