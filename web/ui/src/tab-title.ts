/** The text of the browser's tab. */

export function titleOnTab(title: string, unreadCount: number): string {
  const name = title ? `${title} · Broadsheet` : "Broadsheet";
  return unreadCount > 0 ? `(${unreadCount}) ${name}` : name;
}
