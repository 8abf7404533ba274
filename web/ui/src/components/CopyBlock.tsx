/** Text to copy, with the button that copies it. */

import { useState } from "preact/hooks";
import { Icon } from "./Icon";

export function CopyBlock({ text, label }: { text: string; label: string }) {
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
    <div class="copy-block">
      <pre>
        <code>{text}</code>
      </pre>
      <button type="button" class="button button-small" aria-label={`Copy ${label}`} onClick={() => void copy()}>
        <Icon name={copied ? "check" : "copy"} /> {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
