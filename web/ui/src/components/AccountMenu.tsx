/** Who is signed in and where, the theme, the shortcuts, and the way out. */

import type { Me } from "../api/types";
import { signOut } from "../state/session";
import { shortcutsShown } from "../state/shortcuts";
import { setTheme, type Theme, theme } from "../state/theme";
import { Icon } from "./Icon";
import { MenuItems } from "./MenuItems";
import { Popover } from "./Popover";

const THEMES: { value: Theme; label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function AccountMenu({ me }: { me: Me }) {
  const initials = me.user.name
    .split(/\s+/)
    .map((word) => word[0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
  return (
    <Popover role="menu" label="Account" buttonClass="avatar" button={initials || "·"} panelClass="panel-menu">
      {(close) => (
        <>
          <div class="account-who" role="none">
            <strong>{me.user.name}</strong>
            <span class="muted">{me.user.email}</span>
            <span class="muted">
              {me.organization.name} · {me.user.role}
            </span>
          </div>
          <MenuItems>
            {me.user.role === "admin" && (
              <>
                <a class="menu-item" role="menuitem" href="/admin/cache" onClick={close}>
                  Cache
                </a>
                <hr />
              </>
            )}
            <p class="menu-heading" role="presentation">
              Theme
            </p>
            {THEMES.map(({ value, label }) => (
              <button
                key={value}
                type="button"
                class="menu-item"
                role="menuitemradio"
                aria-checked={theme.value === value}
                onClick={() => setTheme(value)}
              >
                {label}
                {theme.value === value && <Icon name="check" />}
              </button>
            ))}
            <hr />
            <button
              type="button"
              class="menu-item"
              role="menuitem"
              onClick={() => {
                close();
                shortcutsShown.value = true;
              }}
            >
              Keyboard shortcuts <kbd>?</kbd>
            </button>
            <button type="button" class="menu-item" role="menuitem" onClick={() => void signOut()}>
              Sign out
            </button>
          </MenuItems>
        </>
      )}
    </Popover>
  );
}
