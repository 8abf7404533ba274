/** The quiet action of a block that asks how its query is run. */

export type Explain = (query: string, title: string) => void;

interface Props {
  query: string;
  title: string;
  onExplain: Explain;
}

export function ExplainButton({ query, title, onExplain }: Props) {
  return (
    <button
      type="button"
      class="explain"
      aria-label={`Explain ${title}`}
      aria-haspopup="dialog"
      onClick={() => onExplain(query, title)}
    >
      Explain
    </button>
  );
}
