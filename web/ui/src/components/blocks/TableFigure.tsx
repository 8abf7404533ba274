/** A table of a query's rows: formats, bars, totals, and how much of the whole is shown. */

import { useState } from "preact/hooks";
import type { QueryData, TableBlock } from "../../api/types";
import { count, plural } from "../../format/numbers";
import { rowsLoaded } from "../../report/columns";
import type { QueryState } from "../../report/live-report";
import { type ShownColumn, shownColumns, totalOf } from "../../report/table";
import type { Explain } from "./ExplainButton";
import { Figure } from "./Figure";

const LIMIT_WITHOUT_ONE = 200;
const MORE = 500;
/** Characters of a text that stays on one line; dates and codes do, sentences don’t. */
const WRAPS_BEYOND = 28;

interface Props {
  block: TableBlock;
  state: QueryState;
  onRetry: () => void;
  onExplain: Explain | null;
}

export function TableFigure({ block, state, onRetry, onExplain }: Props) {
  return (
    <Figure
      kind="table"
      query={block.query}
      title={block.title}
      state={state}
      height={240}
      onRetry={onRetry}
      onExplain={onExplain}
    >
      {(data) => <Rows block={block} data={data} />}
    </Figure>
  );
}

function Rows({ block, data }: { block: TableBlock; data: QueryData }) {
  const [extra, setExtra] = useState(0);
  const loaded = rowsLoaded(data);
  const shown = Math.min(loaded, (block.limit ?? LIMIT_WITHOUT_ONE) + extra);
  const columns = shownColumns(block, data);
  const name = block.title ?? block.query;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region is reached by keyboard */}
      <section class="table-scroll" aria-label={name} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.name} scope="col" class={`align-${column.align}`}>
                  {column.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: shown }, (_, row) => (
              // Rows of a result are known by their place.
              <tr key={row}>
                {columns.map((column) => (
                  <Cell key={column.name} column={column} row={row} />
                ))}
              </tr>
            ))}
          </tbody>
          {block.totals.length > 0 && <Totals block={block} columns={columns} partial={data.truncated} />}
        </table>
      </section>
      {(shown < loaded || data.truncated) && (
        <p class="table-foot muted">
          Showing the first {count(shown)} of {data.truncated ? `more than ${count(loaded)}` : count(loaded)} rows.{" "}
          {shown < loaded && (
            <button type="button" class="text-button" onClick={() => setExtra(extra + MORE)}>
              Show {count(Math.min(MORE, loaded - shown))} more
            </button>
          )}{" "}
          Get all of them as XLSX or CSV.
          {data.truncated && block.totals.length > 0 && ` * Of the ${count(loaded)} rows loaded.`}
        </p>
      )}
      {shown === loaded && !data.truncated && loaded > 20 && <p class="table-foot muted">{plural(loaded, "row")}</p>}
    </>
  );
}

function Cell({ column, row }: { column: ShownColumn; row: number }) {
  const value = column.values[row];
  const bar = column.bar?.(value);
  const text = column.text(value);
  const whole = column.numeric || text.length <= WRAPS_BEYOND;
  const classes = `align-${column.align}${whole ? " is-whole" : ""}${column.bar ? " has-bar" : ""}`;
  return (
    <td class={classes}>
      {bar && (
        <span class="bar" aria-hidden="true">
          <span
            class={bar.negative ? "is-negative" : ""}
            style={{ left: `${bar.start}%`, width: `${Math.max(bar.width, 0.6)}%` }}
          />
        </span>
      )}
      <span>{text}</span>
    </td>
  );
}

function Totals({ block, columns, partial }: { block: TableBlock; columns: ShownColumn[]; partial: boolean }) {
  const labelled = columns.findIndex((column) => !block.totals.includes(column.name));
  return (
    <tfoot>
      <tr>
        {columns.map((column, index) => {
          const total = block.totals.includes(column.name) ? totalOf(column) : null;
          const label = index === labelled ? (partial ? "Total*" : "Total") : "";
          return (
            <td key={column.name} class={`align-${column.align} is-whole`}>
              {total ?? label}
            </td>
          );
        })}
      </tr>
    </tfoot>
  );
}
