/** "Get as…": which file, and for a CSV of a report with several queries, of which one. Asks for it and returns at once. */

import { useState } from "preact/hooks";
import type { Format, ParamValue, ReportView } from "../api/types";
import { namedQueries } from "../report/layout";
import { order } from "../state/runs";
import { Icon } from "./Icon";
import { MenuItems } from "./MenuItems";
import { Popover } from "./Popover";

const FORMATS: { format: Format; label: string; what: string }[] = [
  { format: "pdf", label: "PDF", what: "to read and print" },
  { format: "xlsx", label: "XLSX", what: "every query, all rows" },
  { format: "csv", label: "CSV", what: "one query, all rows" },
  { format: "html", label: "HTML", what: "one file, opens anywhere" },
];

export function GetAs({ view, values }: { view: ReportView; values: Record<string, ParamValue> }) {
  return (
    <Popover
      role="menu"
      label="Get as…"
      buttonClass="button button-primary"
      panelClass="panel-menu"
      shortcut="get-as"
      button={
        <>
          Get as… <Icon name="down" />
        </>
      }
    >
      {(close) => <Choices view={view} values={values} close={close} />}
    </Popover>
  );
}

function Choices({ view, values, close }: { view: ReportView; values: Record<string, ParamValue>; close: () => void }) {
  const [choosingQuery, setChoosingQuery] = useState(false);
  const queries = namedQueries(view.blocks);
  const ask = (format: Format, query?: string) => {
    close();
    void order({ reportId: view.report.id, params: values, format, ...(query ? { query } : {}) });
  };
  const chosen = (format: Format) => {
    if (format !== "csv") ask(format);
    else if (queries.length > 1) setChoosingQuery(true);
    else ask(format, queries[0]?.name);
  };

  if (choosingQuery) {
    return (
      <MenuItems depth={1}>
        <p class="menu-heading" role="presentation">
          CSV of which query?
        </p>
        {queries.map((query) => (
          <button
            key={query.name}
            type="button"
            class="menu-item"
            role="menuitem"
            onClick={() => ask("csv", query.name)}
          >
            <span>
              {query.title}
              {query.title !== query.name && <span class="menu-what">{query.name}</span>}
            </span>
          </button>
        ))}
        <hr />
        <button type="button" class="menu-item" role="menuitem" onClick={() => setChoosingQuery(false)}>
          <span>
            <Icon name="left" /> Other formats
          </span>
        </button>
      </MenuItems>
    );
  }
  return (
    <MenuItems>
      {FORMATS.map(({ format, label, what }) => (
        <button
          key={format}
          type="button"
          class="menu-item"
          role="menuitem"
          aria-label={label}
          disabled={format === "csv" && queries.length === 0}
          onClick={() => chosen(format)}
        >
          <span>
            <strong>{label}</strong>
            <span class="menu-what">{what}</span>
          </span>
          {format === "csv" && queries.length > 1 && <Icon name="right" />}
        </button>
      ))}
    </MenuItems>
  );
}
