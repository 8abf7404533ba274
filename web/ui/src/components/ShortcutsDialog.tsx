/** The list of keys, shown by `?`. */

import { useEffect, useRef } from "preact/hooks";
import { SHORTCUTS, shortcutsShown } from "../state/shortcuts";
import { Icon } from "./Icon";

export function ShortcutsDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = shortcutsShown.value;
  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  const close = () => {
    shortcutsShown.value = false;
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="shortcuts-heading" onClose={close}>
      <header class="panel-head">
        <h2 id="shortcuts-heading">Keyboard shortcuts</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <dl class="shortcuts">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={does}>
            <dt>{does}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
