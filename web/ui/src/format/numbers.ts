/** Counts and sizes in the interface's own sentences. Values of a report are formatted in `values.ts`. */

const grouped = new Intl.NumberFormat("en-US");

export function count(value: number): string {
  return grouped.format(value);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 1,536 → "1.5 kB" (decimal units, as file managers show them). */
export function fileSize(bytes: number): string {
  return size(bytes, 1000);
}

/** 268,435,456 → "256 MB" (binary units, as memory is given out). */
export function memorySize(bytes: number): string {
  return size(bytes, 1024);
}

function size(bytes: number, step: number): string {
  if (bytes < step) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / step;
  let unit = 0;
  while (value >= step - 0.5 && unit < units.length - 1) {
    value /= step;
    unit += 1;
  }
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
