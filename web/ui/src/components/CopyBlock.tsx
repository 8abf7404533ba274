/** Text to copy, with the button that copies it. */

import { useState } from "preact/hooks";
import { Icon } from "./Icon";

interface Props {
  text: string;
  label: string;
}

export function CopyBlock({ text, label }: Props) {
  return (
    <div class="copy-block">
      <pre>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}

/** The button alone, for a text that stands elsewhere. */
export function CopyButton({ text, label }: Props) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      window.setTimeout(() => setCopied(false), 2_000);
    } catch {
      // Not allowed here (no HTTPS, say): the text is on the page and can be selected.
    }
  };
  return (
    <button type="button" class="button button-small" aria-label={`Copy ${label}`} onClick={() => void copy()}>
      <Icon name={copied ? "check" : "copy"} /> {copied ? "Copied" : "Copy"}
    </button>
  );
}
